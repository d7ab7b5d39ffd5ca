"""Pace: how fast a training goes, and how long it will take."""

import time

from engine.control import Control
from engine.journal import Journal
from engine.loop import Loop


class Pace:
    """Samples per second, time left and where it goes, from what this process has done so far, pauses left out."""

    def __init__(self, loop: Loop, control: Control) -> None:
        self._loop, self._control = loop, control
        self._first, self._started = loop.step, self._now()
        self._mark = (self._started, loop.samples)
        self._rate = 0.0

    def tell(self, journal: Journal) -> None:
        now, is_first = self._now(), not self._rate
        since, samples = self._mark
        if now - since >= 1.0 or is_first:
            self._rate = (self._loop.samples - samples) / (now - since)
            self._mark = (now, self._loop.samples)
            journal.say(profile=self._loop.watch.shares())
        per_step = (now - self._started) / (self._loop.step - self._first)
        journal.say(samples_per_second=self._rate, eta=per_step * (self._loop.steps - self._loop.step))
        if is_first:
            journal.flush()  # whoever has pressed Start is waiting for this

    def _now(self) -> float:
        return time.monotonic() - self._control.paused_seconds
