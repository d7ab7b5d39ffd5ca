"""Record status, metrics and events of a training while it works."""

import os
import sqlite3
import time
from typing import Any

import psutil

from engine.experiment.live_changes import Change
from engine.fields import flat
from engine.files.plain_json import escaped
from engine.files.space import Reserve, why_not_written
from engine.runs.reader import DATABASE
from engine.runs.run import Run
from engine.runs.status import State, Status
from engine.runs.writer import Writer
from engine.training.trainer.tensorboard import EventFiles

FLUSH_SECONDS = 0.25
_MEND = "Make room, or make the folder writable; the training then goes on by itself"


class Recorder:
    """Gathers metrics, events and status of a run and writes them down four times a second."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._writer = Writer(run.path / DATABASE)
        self.status = run.records.status()
        self._files = EventFiles(run.path / "tb")
        chosen = flat(run.experiment.model_dump())
        self._files.hyperparameters({path: "usual" if value is None else value for path, value in chosen.items()}, run.id)
        self._flushed, self.is_late = 0.0, False
        self._reserve = Reserve(run.path)

    def begin(self) -> None:
        """Tell that an engine has taken the run on, and which process it is."""
        self._reserve.take()
        self._run.begin()
        if self._writer.network:
            self.event("network disk", kind=self._writer.network, journal="rollback")
        self.update_status(
            state="starting", message="", field="", remedy={}, pid=os.getpid(), pid_started=psutil.Process().create_time()
        )
        self.flush()

    def record(self, step: int, seconds: float, values: dict[str, float]) -> None:
        """Values of one step, by TensorBoard tag, after so many seconds of training."""
        self._writer.metrics(step, seconds, values)
        self._files.scalars(step, values)

    def best(self, step: int, accuracy: float) -> None:
        """The best test accuracy until now, by which TensorBoard can compare runs; the database has no need of it."""
        self._files.scalars(step, {"test/best_accuracy": accuracy})

    def event(self, kind: str, /, **data: Any) -> None:
        """Something worth telling, at the present step."""
        self.event_of(self.status.step, kind, **data)

    def event_of(self, step: int, kind: str, /, **data: Any) -> None:
        """Something that belongs to the weights after `step`, and may have taken until now."""
        self._writer.event(step, kind, **escaped(data))

    def changed(self, change: Change, /, **told: Any) -> None:
        """A field of the experiment was changed. What was to become of it later is forgotten."""
        self._writer.forget_changes(change.path, change.step)
        self._writer.event(change.step, "changed", path=change.path, new=change.new, **told)

    def withdrawn(self, step: int) -> None:
        """The changes made at `step` were none."""
        self.flush()
        self._writer.forget_changes_at(step)

    def update_status(self, **changes: Any) -> None:
        """Change fields of the status; they are written with the next flush."""
        for name, value in changes.items():
            if name not in Status.model_fields:
                raise AttributeError(name)
            setattr(self.status, name, escaped(value))

    def tick(self) -> None:
        """Flush if it is time to."""
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write down what has been gathered. Where the disk takes nothing it is kept, for `flush_late`."""
        try:
            self._write()
        except sqlite3.Error as error:
            if why_not_written(error) is None:
                raise
            self.is_late = True

    def flush_late(self) -> None:
        """Write down what a `flush` could not, if there is anything. Raises what keeps it from being written."""
        if self.is_late:
            self._write()

    def _write(self) -> None:
        self._writer.flush(self.status)
        self._flushed, self.is_late = time.monotonic(), False

    def cannot_write(self, reason: str) -> None:
        """Say that the training waits for the disk, with what room was reserved for that."""
        if self.status.field != "disk":
            self._reserve.release()
            self.event("disk", reason=reason)
        self.update_status(state="paused", field="disk", message=f"Waiting: {reason}. {_MEND}")
        self.flush()

    def can_write(self, state: State) -> None:
        """The disk takes what is written again."""
        self._reserve.take()
        self.update_status(state=state, field="", message="")
        self.event("disk has room")

    def cut(self, step: int, is_evaluated: bool) -> None:
        """Forget what was recorded after `step`, and its evaluation if there is none in the checkpoint."""
        self._writer.cut(step, is_evaluated)
        self._files.go_on(step)

    def close(self) -> None:
        self.flush()
        self._writer.close()
        self._files.close()
