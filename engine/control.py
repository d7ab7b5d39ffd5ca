"""Control: obeying what people ask of a running engine."""

import os
import signal
import time
from types import FrameType
from typing import Any

from engine.journal import Journal
from engine.run import Run

LOOK_SECONDS = 0.05


class Stop(Exception):
    """Somebody asked the training to stop."""


class Control:
    """Takes the commands left in the run's folder, and the signals TERM and INT, between steps."""

    def __init__(self, run: Run, journal: Journal) -> None:
        self.landscape_wanted = False
        self.paused_seconds = 0.0
        self._run = run
        self._journal = journal
        self._paused = False
        self._stopping = False
        self._looked = 0.0

    def catch_signals(self) -> None:
        """Make TERM and INT stop the training in good order; a second one ends the process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def obey(self) -> None:
        """Carry out what was asked since the last look; returns when training may go on. Raises `Stop`."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._look()
        if self._paused and not self._stopping:
            self._wait()
        if self._stopping:
            raise Stop

    def _look(self) -> None:
        for command in self._run.take_commands():
            self._do(command)
        self._looked = time.monotonic()
        self._journal.tick()

    def _do(self, command: dict[str, Any]) -> None:
        kind = command.get("kind")
        known = kind in ("pause", "resume", "stop", "landscape")
        if kind in ("pause", "resume"):
            self._paused = kind == "pause"
        self._stopping |= kind == "stop"
        self.landscape_wanted |= kind == "landscape"
        self._journal.event("command" if known else "unknown command", asked=kind, id=command.get("id"))

    def _wait(self) -> None:
        """Sleep until the pause is over."""
        before, began = self._journal.status.state, time.monotonic()
        self._journal.say(state="paused", samples_per_second=None, eta=None)
        self._journal.event("paused")
        self._journal.flush()
        while self._paused and not self._stopping:
            time.sleep(LOOK_SECONDS)
            self._look()
        self.paused_seconds += time.monotonic() - began
        self._journal.say(state=before)
        self._journal.event("resumed")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            os._exit(128 + number)
        self._stopping = True
