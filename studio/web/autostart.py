"""Start what waits while a studio is open, and if wished resume what was interrupted."""

import asyncio
import logging
import sqlite3
from pathlib import Path

from engine.errors import Refused
from engine.launch.queue import Queue
from engine.runs.run import Run

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class AutoStart:
    """Looks after one folder of runs. Any number of studios may do so at the same time."""

    def __init__(self, runs: Path, data: Path, auto_resume: bool) -> None:
        self._runs, self._data, self._auto_resume = runs, data, auto_resume
        self._queue = Queue(runs)
        self._tried: dict[str, int] = {}

    async def watch(self) -> None:
        """Look once a second, until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except (sqlite3.Error, OSError, Refused) as error:  # a full disk, a folder moved away: look again later
                log.warning("cannot see to the queue: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Start what there is room for."""
        if self._auto_resume:
            self._resume()
        self._queue.advance(self._data)

    def _resume(self) -> None:
        """Queue every interrupted run, but none from elsewhere, and none a second time that has come no further since."""
        for run in Run.all(self._runs):
            status = run.status()
            if status.state == "interrupted" and not run.is_strange and self._tried.get(run.id, -1) < status.step:
                self._tried[run.id] = status.step
                self._queue.add(run)
