"""Run probes: at once, or a little at a time with steps in between."""

from collections import deque
from collections.abc import Iterator

from engine.experiment.probes import ProbeSettings
from engine.training.data import Sources
from engine.training.probes import TAKING_TURNS
from engine.training.probes.probe import Measured, Probe
from engine.training.step.learner import Learner
from engine.training.trainer.control import Control
from engine.training.trainer.findings import Findings


class ProbeRunner:
    """Measures what is wanted, one probe after the other, and records what each yields under the step it was begun at."""

    def __init__(self, learner: Learner, sources: Sources, findings: Findings, control: Control) -> None:
        self._learner, self._sources = learner, sources
        self._findings, self._control = findings, control
        self._wanted: deque[Probe] = deque()
        self._wanted_at: dict[str, int] = {}
        """The step at which each was last due."""
        self._current: Iterator[Measured] | None = None

    @property
    def is_under_way(self) -> bool:
        return self._current is not None

    @property
    def is_to_do(self) -> bool:
        return bool(self._wanted) or self.is_under_way

    def want(self, name: str) -> None:
        """Measure the probe of that name, at the weights there are when its turn comes."""
        self._wanted.extend(probe for probe in TAKING_TURNS if probe.name == name and probe not in self._wanted)

    def want_after_epoch(self, epoch: int) -> None:
        """Measure what is to be measured every so many epochs and is due, unless that has been done."""
        for probe in TAKING_TURNS:
            every = self._settings(probe).every
            if every and epoch % every == 0 and self._wanted_at.get(probe.name) != self._learner.step:
                self._wanted_at[probe.name] = self._learner.step
                if not self._is_there(probe):
                    self.want(probe.name)

    def want_at_end(self) -> None:
        """Measure what is to be measured at the end of the training, unless that has been done."""
        for probe in TAKING_TURNS:
            settings = self._settings(probe)
            if (settings.at_end or settings.every) and not self._is_there(probe):
                self.want(probe.name)

    def go_on(self) -> None:
        """Measure a little more, if there is anything to measure."""
        if self._current is None and self._wanted:
            self._current = self._measuring(self._wanted.popleft())
        if self._current is not None and next(self._current, None) is None:
            self._current = None

    def measure_at_once(self, probe: Probe) -> dict[str, float]:
        """Measure to the end and return the values, obeying commands meanwhile. Raises `Stop`."""
        found: dict[str, float] = {}
        for measured in self._measuring(probe):
            found |= measured.scalars
            self._control.look()
        return found

    def _settings(self, probe: Probe) -> ProbeSettings:
        settings: ProbeSettings = getattr(self._learner.experiment, probe.name)
        return settings

    def _is_there(self, probe: Probe) -> bool:
        """Whether an engine before this one has measured at the present weights, to the end."""
        return self._findings.is_complete(probe.name, self._learner.step)

    def _measuring(self, probe: Probe) -> Iterator[Measured]:
        keep = self._findings.of(probe.name, self._learner.step)
        for measured in probe.measure(self._learner, self._sources):
            self._findings.show(probe.title, measured.fraction)
            keep(measured)
            yield measured
        self._findings.show("", None)
