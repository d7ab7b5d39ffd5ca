"""Control: obeying what people ask of a running engine."""

import os
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from pydantic import ValidationError

from engine.errors import Problem, Refused, explain
from engine.launch.actions import PaceArguments, StepArguments
from engine.runs.run import Run
from engine.training.trainer.recorder import Recorder

LOOK_SECONDS = 0.05
SLOW = 10.0
"""Steps a second up to which each is taken apart."""

Command = dict[str, Any]
Handler = Callable[[Command], None]


class Gone(Exception):
    """The run's folder is no longer there."""


class Stop(Exception):
    """The training was asked to stop: by a command, or by a signal, which torchrun sends too when another process has died."""

    def __init__(self, by_signal: bool = False) -> None:
        super().__init__()
        self.by_signal = by_signal


class Control:
    """Takes the commands left in the run's folder, and the signals TERM and INT, between steps.

    A command is removed only when its answer, an event that carries its id, is safe on the disk: an engine that is
    killed in between finds it again. Until there is a training to steer, all but `stop` are left for later.
    """

    def __init__(self, run: Run, recorder: Recorder) -> None:
        self.paused_seconds = 0.0
        self._run, self._recorder = run, recorder
        self._handlers: dict[str, Handler] = {"stop": self._stop}
        self._has_training = False
        self._answered = {name for event in run.records.events() if isinstance(name := event.data.get("id"), str)}
        self._paused = self._stopping = self._was_signalled = False
        self._until = 0
        self._due = self._looked = 0.0
        recorder.update_status(pace=None)

    def catch_signals(self) -> None:
        """Make TERM and INT stop the training in good order; a second one ends the process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def begin(self, **handlers: Handler) -> None:
        """There is a training now. `handlers` carry out the commands of their name and may raise `Refused`."""
        own = {"pause": self._pause, "resume": self._resume, "step": self._step, "pace": self._set_pace}
        self._handlers |= own | handlers
        self._has_training = True

    @property
    def is_paused(self) -> bool:
        return self._paused and self._step_taken >= self._until

    @property
    def is_slow(self) -> bool:
        """Whether steps are so few that each can be looked at: single ones, or slow motion."""
        pace = self._recorder.status.pace
        return (self._paused and self._until <= self._step_taken + 1) or (not self._paused and pace is not None and pace <= SLOW)

    def look(self) -> None:
        """Carry out what was asked since the last look. Raises `Stop`."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            if not (self._run.path / "config.json").exists():
                raise Gone
            for command in self._run.commands.pending():
                if (command["id"] in self._answered or self._answer(command)) and not self._recorder.is_late:
                    self._run.commands.remove(command)
            self._looked = time.monotonic()
            self._recorder.tick()
        if self._stopping:
            raise Stop(self._was_signalled)

    def may_step(self) -> bool:
        """Whether the next step may be taken now; if not, `rest` and ask again."""
        if self.is_paused:
            self._show_pause()
            return False
        if not self._paused and (pace := self._recorder.status.pace) is not None:
            if time.monotonic() < self._due:
                return False
            self._due = max(self._due, time.monotonic() - 1 / pace) + 1 / pace
        return True

    def rest(self) -> None:
        """Sleep until the next look, or the next step of slow motion."""
        began = time.monotonic()
        until_due = LOOK_SECONDS if self.is_paused else self._due - began
        time.sleep(min(max(until_due, 0.0), LOOK_SECONDS))
        if self.is_paused:
            self.paused_seconds += time.monotonic() - began

    def _answer(self, command: Command) -> bool:
        """Carry one command out and see to it that this is not forgotten; whether it could be."""
        kind, name = command["kind"], command["id"]
        if kind not in self._handlers and not self._has_training:
            return False
        try:
            self._handlers.get(kind, _unknown)(command)
            self._recorder.event("command", asked=kind, id=name)
        except Refused as refused:
            for problem in refused.problems:
                told = {"field": problem.field, "what": problem.what, "cure": problem.cure}
                self._recorder.event("refused", asked=kind[:64], id=name, **told)
        self._answered.add(name)
        self._recorder.flush()
        return True

    def _pause(self, _: Command) -> None:
        self._until = 0
        if not self._paused:
            self._paused = True
            self._show_pause()
            self._recorder.event("paused")

    def _resume(self, _: Command) -> None:
        if self._paused:
            self._paused = False
            self._recorder.update_status(state="running")
            self._recorder.event("resumed")

    def _step(self, command: Command) -> None:
        try:
            until = StepArguments(until=command.get("until")).until
        except ValidationError as error:
            raise explain(error, {}) from None
        one_more = max(self._until, self._step_taken) + 1
        self._pause(command)
        self._until = one_more if until is None else until
        if not self.is_paused and until is not None:
            self._recorder.update_status(state="running")

    @property
    def _step_taken(self) -> int:
        return self._recorder.status.step

    def _show_pause(self) -> None:
        if self._recorder.status.state == "running":
            self._recorder.update_status(state="paused", samples_per_second=None, eta=None)
            self._recorder.flush()

    def _set_pace(self, command: Command) -> None:
        """Slow motion: at most so many steps per second; null is as fast as they go."""
        try:
            pace = PaceArguments(per_second=command.get("per_second")).per_second
        except ValidationError as error:
            raise explain(error, {}) from None
        self._recorder.update_status(pace=pace)
        self._due = time.monotonic()

    def _stop(self, _: Command) -> None:
        self._stopping = True

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            os._exit(128 + number)
        self._stopping = self._was_signalled = True


def _unknown(command: Command) -> None:
    raise Refused(Problem("kind", f"{command['kind'][:64]!r} is unknown", "Ask for something else"))
