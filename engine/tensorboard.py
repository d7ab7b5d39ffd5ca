"""TensorBoard event files beside the database, for whoever prefers that view."""

import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import summary_v2
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class EventFiles:
    """Scalars under the tags of the database, all of one step in one event, and the hyper-parameters."""

    def __init__(self, folder: Path) -> None:
        self._writer = EventFileWriter(str(folder))

    def scalars(self, step: int, values: dict[str, float]) -> None:
        self._add(Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]), step)

    def hyperparameters(self, flat: dict[str, str | float | bool], run: str) -> None:
        self._add(summary_v2.hparams_pb(flat, trial_id=run), 0)

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def _add(self, summary: Summary, step: int) -> None:
        self._writer.add_event(Event(step=step, wall_time=time.time(), summary=summary))
