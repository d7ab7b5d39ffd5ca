"""Read what a run recorded: metrics, events and status in one SQLite file."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import Problem, Refused
from engine.experiment.live_changes import Change
from engine.files.plain_json import escaped
from engine.files.within import is_plain
from engine.runs.status import Status

DATABASE = "run.db"

_DAMAGE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, None)
"""Codes of errors that tell of what is in the file, not of the moment or the disk; there is none for text that is no text."""


class Metric(NamedTuple):
    """One value of one curve; `seconds` of training had passed."""

    id: int
    step: int
    name: str
    value: float
    seconds: float


class Columns(NamedTuple):
    """Many values of one curve, in the order written."""

    ids: NDArray[np.int64]
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    seconds: NDArray[np.float64]


class Event(NamedTuple):
    """Something that happened, at a step and a time (Unix seconds)."""

    id: int
    step: int
    time: float
    kind: str
    data: dict[str, Any]


_METRICS = {("integer", "text", value, "real") for value in ("real", "null")}
"""Of what types the columns of a metric are; NaN is kept as null."""


class Reader:
    """Everybody else's side, read-only; every call sees one consistent moment.

    Each raises `Refused` if the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._uri, uri=True, timeout=2)) as db:
            yield db

    @property
    def _uri(self) -> str:
        """Where nobody can write, SQLite has no place for its own files: there a database without them is read as it is.

        A rollback journal that was left behind has to be rolled back before anything can be read, which is to write.
        """
        log, journal = (self._path.with_name(f"{self._path.name}-{ending}") for ending in ("wal", "journal"))
        can_write = os.access(self._path.parent, os.W_OK)
        is_fixed = not can_write and not os.path.lexists(log)
        mode = "rw" if can_write and os.path.lexists(journal) else "ro"
        return f"{self._path.absolute().as_uri()}?mode={mode}{'&immutable=1' if is_fixed else ''}"

    def is_whole(self) -> bool:
        """Whether all of it can be read, or nothing has been written yet."""
        try:
            self.status()
            self.events()
            self.changes()
            self._check_metrics(0)
            self._rows("SELECT DISTINCT name FROM metric")  # which are text that can be read
            return self._rows("PRAGMA quick_check(1)") in ([], [("ok",)])
        except Refused:
            return False

    def status(self) -> Status:
        """The last status, or a fresh one if the engine has not written yet."""
        rows = self._rows("SELECT data FROM status")
        with self._making_sense():
            return Status.model_validate_json(rows[0][0]) if rows else Status()

    def metrics(self, after: int = 0) -> list[Metric]:
        self._check_metrics(after)
        return [
            Metric(*row)
            for row in self._rows("SELECT id, step, name, value, seconds FROM metric WHERE id > ? ORDER BY id", after)
        ]

    def curves(self, after: int = 0, name: str = "*") -> dict[str, Columns]:
        """The rows after one, by the name of their curve, which matches a pattern, to 15 digits.

        SQLite joins them within one call: a thread that steps through hundreds of thousands of rows asks
        for the interpreter as often, and among busy threads waits for it each time.
        """
        self._check_metrics(after)
        joined = "group_concat(id), group_concat(step), group_concat(coalesce(value, 'nan')), group_concat(seconds)"
        query = f"SELECT name, {joined} FROM metric WHERE id > ? AND name GLOB ? GROUP BY name"  # noqa: S608 - constants
        rows = self._rows(query, after, name)
        return {name: _columns(*texts) for name, *texts in rows}

    def last(self, name: str) -> float | None:
        """The newest value of one curve, if it has any."""
        rows = self._rows("SELECT value FROM metric WHERE name = ? ORDER BY id DESC LIMIT 1", name)
        with self._making_sense():
            return float(rows[0][0]) if rows and rows[0][0] is not None else None

    def events(self, after: int = 0, kind: str = "*") -> list[Event]:
        rows = self._rows("SELECT id, step, time, kind, data FROM event WHERE id > ? AND kind GLOB ? ORDER BY id", after, kind)
        with self._making_sense():
            return [Event(id, step, at, kind, dict(escaped(json.loads(data)))) for id, step, at, kind, data in rows]

    def accuracies(self) -> dict[int, float]:
        """Test accuracy by step."""
        rows = self._rows("SELECT step, value FROM metric WHERE name = 'test/accuracy' AND value IS NOT NULL ORDER BY id")
        with self._making_sense():
            return {int(step): float(value) for step, value in rows}

    def changes(self) -> list[Change]:
        """What has been changed while the run trained, in order."""
        found = self.events(kind="changed")
        with self._making_sense():
            return sorted(
                (Change(event.step, event.data["path"], event.data["new"]) for event in found), key=lambda one: one.step
            )

    def backup(self, path: Path) -> None:
        """Write all there is at this moment into a new database at `path`, a single file that needs no other beside it."""
        with self._open() as db, closing(sqlite3.connect(path)) as copy:
            db.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")

    def _rows(self, query: str, *values: int | str) -> list[Any]:
        if not os.path.lexists(self._path):
            return []
        if not is_plain(self._path):
            raise self._damaged(OSError("a link, a pipe or a device"))
        try:
            with self._open() as db:
                return db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            if "no such table" in str(error) or code == sqlite3.SQLITE_READONLY_ROLLBACK:
                return []  # the engine is creating the file at this moment, or was when it was killed
            if (code and code & 0xFF) in _DAMAGE:
                raise self._damaged(error) from None
            raise

    def _check_metrics(self, after: int) -> None:
        """Raise `Refused` if a metric has a column of another type than those that are written."""
        kinds = "SELECT DISTINCT typeof(step), typeof(name), typeof(value), typeof(seconds) FROM metric WHERE id > ?"
        if odd := set(self._rows(kinds, after)) - _METRICS:
            raise self._damaged(TypeError(f"a metric of {', '.join(odd.pop())}"))

    @contextmanager
    def _making_sense(self) -> Iterator[None]:
        """Take what is no record of ours for damage."""
        try:
            yield
        except (ValueError, LookupError, TypeError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> Refused:
        what = f"is damaged ({type(error).__name__}: {error})"
        cure = "Resume the run: it goes on from its newest checkpoint, with new records; the file is kept"
        return Refused(Problem(self._path.name, what, cure))


def _columns(ids: str, *rest: str) -> Columns:
    """Columns of numbers joined by commas. SQLite does not promise their order, so the ids tell it."""
    order = np.argsort(numbers := np.fromstring(ids, np.int64, sep=","), kind="stable")
    steps, values, seconds = (np.fromstring(text, np.float64, sep=",")[order] for text in rest)
    return Columns(numbers[order], steps.astype(np.int64), values, seconds)
