"""Run the landscape probe point by point, so that steps can be taken in between."""

import copy
from collections.abc import Iterator
from functools import partial

from engine.runs.run import Run
from engine.training.data import EvaluationSource
from engine.training.probes.evaluate import RECALIBRATION_IMAGES
from engine.training.probes.landscape import Surface, measure
from engine.training.step.learner import Learner
from engine.training.trainer.disk_retry import DiskRetry
from engine.training.trainer.recorder import Recorder
from engine.training.weights.averaging import recalibrate
from engine.training.weights.flat_model import FlatModel


class ProbeRunner:
    """Measures a landscape once it is wanted, and publishes each finer grid as an array of the run."""

    def __init__(self, run: Run, loop: Learner, images: EvaluationSource, journal: Recorder, patience: DiskRetry) -> None:
        self._run, self._loop, self._images, self._journal, self._patience = run, loop, images, journal, patience
        self._probe: Iterator[tuple[float, Surface | None]] | None = None
        self._wanted = False

    @property
    def is_under_way(self) -> bool:
        return self._probe is not None

    @property
    def is_to_do(self) -> bool:
        return self._wanted or self.is_under_way

    def want(self) -> None:
        """Ask for the landscape around the present weights."""
        self._wanted = True

    def want_at_end(self) -> None:
        """Ask for the landscape at the end of the training, unless it is there."""
        at_end = self._run.path / "arrays" / f"{self._name}.npz"
        self._wanted |= self._loop.experiment.landscape.at_end and not at_end.exists()

    def go_on(self) -> None:
        """Measure one more point, if there is one to measure."""
        if self._wanted and self._probe is None:
            self._wanted = False
            self._probe = self._points()
        if self._probe is not None and next(self._probe, None) is None:
            self._probe = None

    @property
    def _name(self) -> str:
        return f"landscape-{self._loop.step:08d}"

    def _points(self) -> Iterator[tuple[float, Surface | None]]:
        """Measure around the present weights on a copy of the network."""
        name, step, settings = self._name, self._loop.step, self._loop.experiment.landscape
        replica = self._copy()
        batches = list(self._images.batches(limit=settings.images))
        for fraction, surface in measure(replica, batches, settings, self._loop.experiment.root):
            self._journal.say(message="Measuring the loss landscape", progress=fraction)
            if surface is not None:
                self._patience.write(partial(surface.save, self._run.path / "arrays" / f"{name}.npz"))
                self._journal.event_of(step, "landscape", array=name, points=len(surface.x), done=surface.done)
            yield fraction, surface
        self._journal.say(message="", progress=None)

    def _copy(self) -> FlatModel:
        """The network as it is evaluated now."""
        replica = FlatModel(copy.deepcopy(self._loop.replica.module), self._loop.replica.weights.device)
        if self._loop.experiment.method.statistics == "recalibrate":
            recalibrate(replica, self._images.batches(limit=RECALIBRATION_IMAGES))
        return replica
