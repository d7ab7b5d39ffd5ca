"""Journal: what the engine tells the world while it works."""

import os
import time
from typing import Any

import psutil

from engine.live import Change
from engine.records import Status, Writer
from engine.run import Run
from engine.tensorboard import EventFiles

FLUSH_SECONDS = 0.25


class Journal:
    """Gathers metrics, events and status of a run and writes them down four times a second."""

    def __init__(self, run: Run) -> None:
        self.status = run.records.status()
        self._writer = Writer(run.path / "run.db")
        self._files = EventFiles(run.path / "tb")
        self._files.hyperparameters(_flat(run.experiment.model_dump()), run.id)
        self._flushed = 0.0

    def begin(self) -> None:
        """Tell that an engine has taken the run on, and which process it is."""
        self.say(state="starting", message="", field="", pid=os.getpid(), pid_started=psutil.Process().create_time())
        self.flush()

    def record(self, step: int, seconds: float, values: dict[str, float]) -> None:
        """Values of one step, by TensorBoard tag, after so many seconds of training."""
        self._writer.metrics(step, seconds, values)
        self._files.scalars(step, values)

    def event(self, kind: str, **data: Any) -> None:
        """Something worth telling, at the present step."""
        self._writer.event(self.status.step, kind, **data)

    def changed(self, change: Change, **told: Any) -> None:
        """A field of the experiment was changed. What was to become of it later is forgotten."""
        self._writer.forget_changes(change.path, change.step)
        self._writer.event(change.step, "changed", path=change.path, new=change.new, **told)

    def say(self, **changes: Any) -> None:
        """Change fields of the status; they are written with the next flush."""
        for name, value in changes.items():
            if name not in Status.model_fields:
                raise AttributeError(name)
            setattr(self.status, name, value)

    def tick(self) -> None:
        """Flush if it is time to."""
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        self._writer.flush(self.status)
        self._flushed = time.monotonic()

    def cut(self, step: int) -> None:
        """Forget what was recorded after `step`."""
        self._writer.cut(step)

    def close(self) -> None:
        self.flush()
        self._writer.close()
        self._files.close()


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str | float | bool]:
    """A nested dictionary as dotted keys with the values that TensorBoard accepts."""
    flat: dict[str, str | float | bool] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = "usual" if value is None else value
    return flat
