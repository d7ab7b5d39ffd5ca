"""Progress of a training: samples per second and time left."""

import time

from engine.training.step.learner import Learner
from engine.training.trainer.control import Control
from engine.training.trainer.recorder import Recorder


class Throughput:
    """Samples per second, time left and where it goes, pauses left out.

    The time left is told from what this process has done so far with the present batch size.
    """

    def __init__(self, learner: Learner, control: Control) -> None:
        self._learner, self._control = learner, control
        self._size = learner.experiment.schedule.batch_size
        self._first = self._last = (learner.step, self._now())
        self._mark = (self._now(), learner.samples)
        self._rate = 0.0

    def report(self, recorder: Recorder) -> None:
        now, is_first = self._now(), not self._rate
        since, samples = self._mark
        if now - since >= 1.0 or is_first:
            self._rate = (self._learner.samples - samples) / (now - since)
            self._mark = (now, self._learner.samples)
            recorder.update_status(profile=self._learner.watch.shares())
        recorder.update_status(
            samples_per_second=self._rate, eta=self._per_step(now) * (self._learner.steps - self._learner.step)
        )
        if is_first:
            recorder.flush()  # whoever has pressed Start is waiting for this

    def _per_step(self, now: float) -> float:
        """Seconds a step has taken since the batch size was last changed."""
        if self._size != (size := self._learner.experiment.schedule.batch_size):
            self._size, self._first = size, self._last
        self._last = (self._learner.step, now)
        return (now - self._first[1]) / (self._learner.step - self._first[0])

    def _now(self) -> float:
        return time.monotonic() - self._control.paused_seconds
