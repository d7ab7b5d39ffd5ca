"""The film: frames of the loss landscape while the training goes on, in a share of its time."""

import time
from collections.abc import Iterator

from engine.training.data import Sources
from engine.training.probes.landscape import LandscapeFrame
from engine.training.probes.probe import Measured
from engine.training.probes.weight_path import WeightPath
from engine.training.step.learner import Learner
from engine.training.trainer.failures import memory_needed
from engine.training.trainer.findings import Findings

FRAMES = 100
"""At most so many in a training, apart from those after live changes."""
SAVED_SECONDS = 0.1
"""How much of the share can be saved up, so that a training that has waited does not stop for long."""
OWED_SECONDS = 20.0
"""How much of it can be owed, so that a large network is not kept from its steps by what is urgent."""
URGENT_SECONDS = 0.25
"""For so long the next step waits for a first grid that is wanted at once."""


class Film:
    """Measures a frame after the other, point by point between steps, for as long as the share of the time lasts.

    A frame gets finer until the weights have moved on and the next one is begun. The first frame, and one begun after a live
    change, does not wait for its share until its first grid is there: that is paid back later. A film for which there is no
    memory ends, and the training goes on.
    """

    def __init__(self, learner: Learner, sources: Sources, findings: Findings) -> None:
        self._learner, self._sources, self._findings = learner, sources, findings
        self._path = WeightPath()
        self._frame: Iterator[Measured] | None = None
        self._begun_at: int | None = None
        """The step of the newest frame."""
        self.is_urgent, self._has_grid = True, False
        """Whether a first grid is wanted at once."""
        self._saved, self._looked = 0.0, time.monotonic()
        self._is_over = False

    def renew(self) -> None:
        """Begin anew at the weights after the next step: something was changed."""
        self._frame, self.is_urgent = None, True

    def go_on(self) -> None:
        """Measure as long as the share allows; where it is urgent, for a while all the same."""
        budget, began = self._learner.experiment.landscape.budget, time.monotonic()
        self._save(budget)
        if not budget or self._is_over:
            self._frame = None
        elif self._saved > self._least:
            try:
                while self._measure() and self._may_go_on(began, budget):
                    pass
            except Exception as error:
                if memory_needed(error) is None:
                    raise
                self._frame, self._is_over = None, True
                self._findings.tell("no film", reason="there is not enough memory for a copy of the network")

    @property
    def _least(self) -> float:
        """What has to be saved for a point to be measured."""
        return -OWED_SECONDS if self.is_urgent else 0.0

    def _may_go_on(self, began: float, budget: float) -> bool:
        is_long = self.is_urgent and time.monotonic() - began >= URGENT_SECONDS
        return self._save(budget) > self._least and not is_long

    def _save(self, budget: float) -> float:
        """Add the share of the time since the last call to what is saved."""
        now = time.monotonic()
        self._saved = min(self._saved + budget * (now - self._looked), SAVED_SECONDS)
        self._looked = now
        return self._saved

    def _measure(self) -> bool:
        """Measure a point and pay for it; whether there was one to measure."""
        began = time.monotonic()
        if (self._frame is None or self._has_grid) and self._is_due:
            self._begun_at, self._has_grid = self._learner.step, False
            self._frame = self._measuring(self._begun_at)
        if self._frame is None or (measured := next(self._frame, None)) is None:
            self._frame = None
            return False
        if measured.arrays:
            self.is_urgent, self._has_grid = False, True
        self._saved -= time.monotonic() - began
        return True

    @property
    def _is_due(self) -> bool:
        """Whether there are new weights to measure at, and the film is not too long already."""
        step, before = self._learner.step, self._begun_at
        if before is None or before > step:
            return True
        return step - before >= (1 if self.is_urgent else max(1, self._learner.steps // FRAMES))

    def _measuring(self, step: int) -> Iterator[Measured]:
        keep = self._findings.of(LandscapeFrame.name, step)
        self._path.add(step, self._learner.model.weights)
        for measured in LandscapeFrame(self._path).measure(self._learner, self._sources):
            keep(measured)
            yield measured
