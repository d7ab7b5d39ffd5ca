"""Check somebody else's run.db, without running anything that is written in it."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from engine.errors import Refused
from engine.experiment.live_changes import Change, apply_changes
from engine.experiment.schema import Experiment
from engine.runs.archive.manifest import damaged, faulty
from engine.runs.reader import DATABASE, Reader
from engine.runs.status import Status
from engine.runs.writer import TABLES

MOST_METRICS = 5_000_000
MOST_EVENTS = 100_000
LARGEST = 1e15
MOST_CHANGES = 5_000
"""More than anybody makes by hand; how long a list of runs takes grows with them."""
MOST_CURVES = 200
MOST_TEXT = 2**25
"""Characters of all events."""
_CURVE = re.compile(r"[A-Za-z0-9_]+(/[A-Za-z0-9_.-]+)+")
_STEP = "(typeof(step) = 'integer' AND step BETWEEN 0 AND 1e12)"
_ROWS = {
    "metric": f"""{_STEP} AND typeof(name) = 'text' AND length(name) <= 64 AND typeof(value) IN ('real', 'integer', 'null')
        AND (name <> 'test/accuracy' OR value IS NULL OR value BETWEEN 0 AND 1)
        AND typeof(seconds) IN ('real', 'integer') AND seconds BETWEEN 0 AND 1e12""",
    "event": f"""{_STEP} AND typeof(time) IN ('real', 'integer') AND time BETWEEN 0 AND 1e12
        AND typeof(kind) = 'text' AND length(kind) <= 64 AND typeof(data) = 'text' AND length(data) <= 65536""",
    "status": "typeof(data) = 'text' AND length(data) <= 65536",
}
"""What every row of a table is that an engine has written."""


def check(path: Path, experiment: Experiment) -> None:
    """Raises `Refused` unless the database at `path` is whole, holds the tables of a run and nothing else, and makes sense."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            db.execute("PRAGMA trusted_schema=OFF")
            db.execute("PRAGMA cell_size_check=ON")
            _check_tables(db)
            _check_rows(db)
        status, changes = _read(Reader(path))
        _check_status(status)
        for field, new in {(change.path, json.dumps(change.new)) for change in changes}:
            apply_changes(experiment, {field: json.loads(new)})
    except (sqlite3.Error, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path.name, error) from None


def _read(records: Reader) -> tuple[Status, list[Change]]:
    try:
        return records.status(), records.changes()
    except Refused as error:
        raise faulty(DATABASE, error.problems[0].what) from None


def _check_tables(db: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(":memory:")) as known:
        known.executescript(TABLES)
        if extra := sorted(_schema(db) - _schema(known)):
            kind, name, *_ = extra[0]
            raise faulty(DATABASE, f"holds a {kind} {name!r} that is not of a run")
        if _schema(known) - _schema(db):
            raise faulty(DATABASE, "lacks a table of a run")
    if (told := db.execute("PRAGMA quick_check(1)").fetchall()) != [("ok",)]:
        raise faulty(DATABASE, f"is damaged ({told[0][0]})")


def _schema(db: sqlite3.Connection) -> set[tuple[Any, ...]]:
    """Everything there is in a database: tables, indices, views and triggers, each with the statement that makes it."""
    return set(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall())


def _check_rows(db: sqlite3.Connection) -> None:
    for table, is_usual in _ROWS.items():
        if db.execute(f"SELECT 1 FROM {table} WHERE NOT ({is_usual}) LIMIT 1").fetchone():  # noqa: S608 - no part is from outside
            raise faulty(DATABASE, f"its table {table} has a row that no engine writes")
    if db.execute("SELECT count(*) FROM metric").fetchone()[0] > MOST_METRICS:
        raise faulty(DATABASE, "holds more metrics than any run has")
    curves = db.execute("SELECT DISTINCT name FROM metric LIMIT ?", (MOST_CURVES + 1,)).fetchall()
    if len(curves) > MOST_CURVES or not all(_CURVE.fullmatch(name) for (name,) in curves):
        raise faulty(DATABASE, "holds curves that no engine writes")
    if (db.execute("SELECT sum(length(data)) FROM event").fetchone()[0] or 0) > MOST_TEXT:
        raise faulty(DATABASE, "tells more of its events than any run does")
    for kind, most in (("*", MOST_EVENTS), ("changed", MOST_CHANGES)):
        if db.execute("SELECT count(*) FROM event WHERE kind GLOB ?", (kind,)).fetchone()[0] > most:
            raise faulty(DATABASE, "tells of more events than any run has")
    for kind, data in db.execute("SELECT kind, data FROM event"):
        found = json.loads(data, parse_constant=_no_number)
        if not isinstance(found, dict) or not isinstance(found.get("id", ""), str | None) or not orjson.dumps([kind, found]):
            raise faulty(DATABASE, "its table event has a row that no engine writes")


def _check_status(status: Status) -> None:
    """A status is shown as JSON, which knows no infinity; whether a run is queued is never written in it."""
    told = status.model_dump()
    json.dumps(told, allow_nan=False)
    if any(abs(value) > LARGEST for value in told.values() if isinstance(value, (int, float))) or not orjson.dumps(told):
        raise faulty(DATABASE, "tells of numbers that no engine writes")
    if status.state == "queued":
        raise faulty(DATABASE, "says that the run waits in a queue")


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
