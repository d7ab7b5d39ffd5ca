"""Feed: one run as it grows, read once and handed to any number of listeners."""

import re
from pathlib import Path
from typing import Any

import orjson

from engine.errors import Refused
from engine.runs.labels import FILE as LABELS
from engine.runs.reader import DATABASE, Event
from engine.runs.run import Run, unreadable
from engine.runs.slurm import JOB
from engine.runs.status import ACTIVE, Status
from studio.stream.curve import Curve

GONE = "Its folder is not there any more: deleted, renamed or moved away. See the trash on the page Runs"

_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})\.[0-9a-f]+")


class Feed:
    """The rows of one run in memory. A listener is only a cursor into them, so it can be as slow as it likes.

    A cursor names the last metric row and the last event somebody has, with a check sum of that row: it
    stays good when the studio is restarted, and is refused once a resumed engine has rewritten the row.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._signature: tuple[float, ...] = ()
        self._folder = 0
        self._status = Status()
        self._events: list[Event] = []
        self._forget()

    @property
    def is_active(self) -> bool:
        return self._status.state in ACTIVE

    def refresh(self) -> bool:
        """Read what is new; whether there was anything. Blocks for a moment."""
        if not self._run.path.is_dir():
            return self._tell_gone()
        signature, folder, before = signature_of(self._run.path), _changed_at(self._run.path.parent), self._shown()
        if signature != self._signature or self.is_active or self._status.state == "interrupted":
            self._status = self._run.status()  # first: when it says finished, every row is there
        if signature != self._signature:
            try:
                self._read_metrics()
                self._read_events()
            except Refused as damaged:
                self._status = unreadable(damaged)
        changed = signature != self._signature or folder != self._folder or self._shown() != before
        self._signature, self._folder = signature, folder
        return changed

    def _tell_gone(self) -> bool:
        """Keep what is known of a run whose folder is no longer there, and say so."""
        before = self._status
        told = {"state": "failed", "field": "run", "message": GONE, "progress": None, "eta": None}
        self._status, self._signature = before.model_copy(update=told), ()
        return self._status != before

    def message(self, cursor: str) -> tuple[str, bytes]:
        """What somebody at `cursor` has not seen, as one server-sent event, and the cursor after it."""
        after, after_event, known = self._place(cursor)
        curves = ((name, curve.after(after)) for name, curve in self._curves.items())
        content = {
            "reset": not known,
            "status": self._status.model_dump(exclude={"pid", "pid_started", "heartbeat"}),
            "metrics": {name: points for name, points in curves if points},
            "events": [_plain(event) for event in self._events if event.id > after_event],
            "folder": str(self._folder),
        }
        here = self._cursor(self._last_row, self._last_event)
        data = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
        return here, b"id: %s\ndata: %s\n\n" % (here.encode(), data)

    @property
    def _last_row(self) -> int:
        return max((curve.last for curve in self._curves.values()), default=0)

    @property
    def _last_event(self) -> int:
        return self._events[-1].id if self._events else 0

    def _forget(self) -> None:
        self._curves: dict[str, Curve] = {}

    def _read_events(self) -> None:
        """Take in the new events; start over if the last one we have is no longer what it was, the records being others."""
        found = self._run.records.events(self._last_event - 1)
        if self._events and (not found or found[0] != self._events[-1]):
            self._forget()
            self._events.clear()
            self._read_metrics()
            found = self._run.records.events()
        self._events += [event for event in found if event.id > self._last_event]

    def _read_metrics(self) -> None:
        """Take in the new rows; start over if the last row we have is no longer what it was."""
        last = self._last_row
        rows = self._read_curves(last - 1)
        if _sum(rows, last) != _sum(self._curves, last):
            self._forget()
            rows = self._read_curves(0)
        for name, curve in rows.items():
            self._curves.setdefault(name, Curve()).extend(curve)

    def _read_curves(self, after: int) -> dict[str, Curve]:
        return {name: Curve(columns) for name, columns in self._run.records.curves(after).items()}

    def _cursor(self, row: int, event: int) -> str:
        return f"{row}.{event}.{_sum(self._curves, row):x}"

    def _place(self, cursor: str) -> tuple[int, int, bool]:
        """Last metric row and last event that `cursor` stands for; zeros and False if it is not one of ours."""
        if found := _CURSOR.fullmatch(cursor):
            row, event = int(found[1]), int(found[2])
            if cursor == self._cursor(row, event) and event <= self._last_event:
                return row, event, True
        return 0, 0, False

    def _shown(self) -> Status:
        return self._status.model_copy(update={"heartbeat": 0.0})


def signature_of(path: Path) -> tuple[float, ...]:
    """Something that changes whenever the run in `path` writes; costs a few looks at the file system."""
    names = (DATABASE, f"{DATABASE}-wal", "engine.log", Run.WAITS, JOB, Run.LAST_WORDS, LABELS)
    return tuple(_changed_at(path / name) for name in names)


def _changed_at(path: Path) -> int:
    try:
        return path.lstat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _sum(curves: dict[str, Curve], row: int) -> int:
    """The check sum of one row; 0 for the place before the first, and -1 if it is in none of the curves."""
    return next((known for curve in curves.values() if (known := curve.sum(row)) is not None), -1) if row else 0


def _plain(event: Event) -> dict[str, Any]:
    return {"id": event.id, "step": event.step, "time": event.time, "kind": event.kind, "data": event.data}
