"""The live changes of a training: those made, and those that are to be made again."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from engine.experiment.live_changes import Change, value_at
from engine.experiment.schema import Experiment
from engine.training.trainer.recorder import Recorder


class ChangeLog:
    """What was changed up to now, and what a run that was killed later, or the one replayed, changed from here on."""

    def __init__(self, recorder: Recorder, log: list[Change]) -> None:
        self._recorder = recorder
        self._made: list[Change] = []
        self._to_come = deque(log)

    def agree(self, saved: Iterable[tuple[int, str, Any]]) -> None:
        """Take what a checkpoint has of the log, where the database lost it."""
        for row in list(saved)[len(self._to_come) :]:
            self._to_come.append(Change(*row))
            self._recorder.changed(Change(*row))

    @property
    def made(self) -> list[tuple[int, str, Any]]:
        """The log up to now as plain rows, for a checkpoint."""
        return [tuple(change) for change in self._made]

    def due(self, step: int) -> Iterator[Change]:
        """The changes to be made before the step that follows `step`."""
        while self._to_come and self._to_come[0].step <= step:
            self._made.append(self._to_come.popleft())
            yield self._made[-1]

    def withdraw(self, step: int) -> list[Change]:
        """Take back what was changed before the step that follows `step`, which did not survive it."""
        taken = [change for change in self._made if change.step == step]
        self._made = [change for change in self._made if change.step != step]
        if taken:
            self._recorder.withdrawn(step)
        return taken

    def add(self, step: int, paths: Iterable[str], before: Experiment, after: Experiment, command: str) -> None:
        """Note that `command` changed the fields at `paths`. What the log has yet to change of them is forgotten."""
        for path in paths:
            change = Change(step, path, value_at(after, path))
            self._to_come = deque(later for later in self._to_come if later.path != path)
            self._made.append(change)
            self._recorder.changed(change, old=value_at(before, path), id=command)
