"""Write what a run records, as the one process that may."""

import json
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from engine.files.network import network_file_system
from engine.runs.reader import Reader
from engine.runs.status import Status

TABLES = """
CREATE TABLE IF NOT EXISTS metric (id INTEGER PRIMARY KEY, step INTEGER, name TEXT, value REAL, seconds REAL);
CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, step INTEGER, time REAL, kind TEXT, data TEXT);
CREATE TABLE IF NOT EXISTS status (id INTEGER PRIMARY KEY CHECK (id = 0), data TEXT);
"""


class Writer:
    """The engine's side: everything is buffered and written in one transaction per `flush`.

    A damaged file is put aside, and an event tells of it: a training goes on from its checkpoint without its history.
    On a network file system there is a rollback journal: the shared memory of a write-ahead log does not cross machines.
    """

    def __init__(self, path: Path) -> None:
        aside = None if Reader(path).is_whole() else _put_aside(path)
        self.network = network_file_system(path.parent)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute(f"PRAGMA journal_mode={'DELETE' if self.network else 'WAL'}")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(TABLES)
        self._metrics: list[tuple[int, str, float, float]] = []
        self._events: list[tuple[int, float, str, str]] = []
        if aside is not None:
            self.event(0, "damaged records", file=path.name, kept_as=aside.name)

    def metrics(self, step: int, seconds: float, values: dict[str, float]) -> None:
        self._metrics += [(step, name, value, seconds) for name, value in values.items()]

    def event(self, step: int, kind: str, /, **data: Any) -> None:
        self._events.append((step, time.time(), kind, json.dumps(data)))

    def flush(self, status: Status) -> None:
        """Write what has been gathered, with the status as it is now."""
        status.heartbeat = time.time()
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO metric (step, name, value, seconds) VALUES (?, ?, ?, ?)", self._metrics)
            self._db.executemany("INSERT INTO event (step, time, kind, data) VALUES (?, ?, ?, ?)", self._events)
            self._db.execute("INSERT OR REPLACE INTO status VALUES (0, ?)", (status.model_dump_json(),))
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._metrics.clear()
        self._events.clear()

    def cut(self, step: int, is_evaluated: bool = True) -> None:
        """Forget the metrics after `step`, which a resumed training writes again, and unless it `is_evaluated` its evaluation."""
        self._db.execute("DELETE FROM metric WHERE step > ?", (step,))
        if not is_evaluated:
            evaluation = "(name GLOB 'test*/*' OR name GLOB 'train_eval*/*')"
            self._db.execute(f"DELETE FROM metric WHERE step = ? AND {evaluation}", (step,))  # noqa: S608 - constants

    def forget_changes(self, path: str, step: int) -> None:
        """Forget changes of a field after `step`, which a resumed training has not come to and now never will."""
        later = "kind = 'changed' AND step > ? AND json_extract(data, '$.path') = ?"
        self._db.execute(f"DELETE FROM event WHERE {later}", (step, path))  # noqa: S608 - no part of it is from outside

    def forget_changes_at(self, step: int) -> None:
        """Forget the changes at `step`."""
        self._db.execute("DELETE FROM event WHERE kind = 'changed' AND step = ?", (step,))

    def close(self) -> None:
        self._db.close()


def _put_aside(path: Path) -> Path:
    """Give a damaged database, and what belongs to it, another name; returns that."""
    aside = path.with_name(f"damaged-{time.strftime('%Y%m%d-%H%M%S')}.db")
    for ending in ("-wal", "-journal", ""):
        if os.path.lexists(part := path.with_name(path.name + ending)):
            part.replace(aside.with_name(aside.name + ending))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    return aside
