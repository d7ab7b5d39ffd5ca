"""TensorBoard event files beside the database, for whoever prefers that view."""

import time
from collections.abc import Callable
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import summary_v2
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from engine.files.space import why_not_written


class EventFiles:
    """Scalars under the tags of the database, all of one step in one event, and the hyper-parameters."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: EventFileWriter | None = None

    def scalars(self, step: int, values: dict[str, float]) -> None:
        self._add(Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]), step)

    def hyperparameters(self, flat: dict[str, str | float | bool], run: str) -> None:
        self._add(summary_v2.hparams_pb(flat, trial_id=run), 0)

    def go_on(self, step: int) -> None:
        """Tell every reader that what comes after `step` takes the place of what an engine before has written."""
        event = Event(step=step + 1, wall_time=time.time(), session_log=SessionLog(status=SessionLog.START))
        self._try(lambda writer: writer.add_event(event))

    def close(self) -> None:
        self._try(lambda writer: writer.close())

    def _add(self, summary: Summary, step: int) -> None:
        event = Event(step=step, wall_time=time.time(), summary=summary)
        self._try(lambda writer: writer.add_event(event))

    def _try(self, write: Callable[[EventFileWriter], None]) -> None:
        """Do `write`; where the disk takes nothing these files have a gap, unlike the database, and go on in a new one."""
        try:
            self._writer = self._writer or EventFileWriter(str(self._folder))
            write(self._writer)
        except OSError as error:
            if why_not_written(error) is None:
                raise
            self._writer = None
