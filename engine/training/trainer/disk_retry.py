"""Retry writing to a disk that may be full."""

import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

from engine.files.space import why_not_written
from engine.runs.status import State
from engine.training.trainer.control import Control
from engine.training.trainer.recorder import Recorder

RETRY_SECONDS = 0.5
Written = TypeVar("Written")


class DiskRetry:
    """Does what writes; where the disk takes nothing, says so, and pauses the training until it does."""

    def __init__(self, recorder: Recorder, control: Control) -> None:
        self._recorder, self._control = recorder, control

    def write(self, write: Callable[[], Written]) -> Written:
        """Do `write` until it succeeds. Raises `Stop`, and what is not about room on the disk."""
        before: State | None = None
        while True:
            try:
                written = write()
            except (OSError, sqlite3.Error) as error:
                if (reason := why_not_written(error)) is None:
                    raise
                before = before or self._recorder.status.state
                self._recorder.cannot_write(reason)
                time.sleep(RETRY_SECONDS)
                self._control.look()
            else:
                break
        if before:
            self._recorder.can_write(before)
        return written
