"""Listing: the runs there are; a run that has not changed is not read again."""

import logging
import sqlite3
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import Refused
from engine.experiment.live_changes import replay_until
from engine.experiment.schema import Experiment, differences
from engine.fields import flat
from engine.launch.queue import Queue
from engine.runs.labels import Labels, labels
from engine.runs.reader import DATABASE
from engine.runs.run import Run, unreadable
from engine.runs.status import ACTIVE, Status
from studio.queries.change_history import History, groups
from studio.queries.queue_eta import Row, queue_eta
from studio.stream.feed import signature_of

log = logging.getLogger(__name__)

MAY_CHANGE = (*ACTIVE, "interrupted")
"""States that hang on whether there is an engine, of which no file tells."""
NOT_WAITING: Row = {"position": None, "begins": None}


@dataclass(frozen=True)
class Entry:
    """What is known of one run without reading its curves."""

    run: Run
    experiment: Experiment
    labels: Labels
    status: Status
    accuracy: float | None
    """Last test accuracy, if there is one."""
    bytes_used: int
    """What its folder takes of the disk."""
    created: float
    """When the run was made, in Unix seconds."""
    history: History
    settings: dict[str, Any]
    """Every field of the experiment as it is now, by dotted path."""
    changed: dict[str, Any]
    """Those fields that differ from what the choices of the experiment give by default."""
    group: str = ""
    """A name that all runs share which differ in nothing but their seed."""

    @property
    def is_whole(self) -> bool:
        """Whether its records can be read."""
        return self.status.field != DATABASE

    @property
    def is_to_come(self) -> bool:
        """Whether there is more to expect of it without anybody's doing."""
        return self.status.state in (*ACTIVE, "queued")


class Listing:
    """One entry per run, newest first; many threads may ask at a time."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._queue = Queue(runs)
        self._known: dict[str, tuple[tuple[float, ...], Entry]] = {}
        self._damaged: set[str] = set()
        self._reading = threading.Lock()

    def entries(self) -> list[Entry]:
        """Every run as it is now. Blocks while it, or another thread, reads what has changed."""
        with self._reading:
            return self._read_changed()

    def _read_changed(self) -> list[Entry]:
        found = {run.id: self._look(run) for run in Run.all(self._runs)}
        for name, (_, entry) in self._known.items():
            if name not in found and entry.is_to_come:
                log.warning("%s was removed or renamed while it was %s", entry.run.path, entry.status.state)
        self._known = {name: looked for name, looked in found.items() if looked is not None}
        named = groups({name: entry.history for name, (_, entry) in self._known.items()})
        return [replace(entry, group=named[name]) for name, (_, entry) in self._known.items()]

    def rows(self) -> list[Row]:
        """Identity, choices, state, cost and place in the queue of every run, for the picker."""
        rows = [_row(entry) for entry in self.entries()]
        waits = self._wait(rows)
        return [row | waits.get(row["id"], NOT_WAITING) for row in rows]

    def members(self, run: Run) -> list[Entry]:
        """The group of `run`, itself included."""
        entries = self.entries()
        group = next((entry.group for entry in entries if entry.run.id == run.id), None)
        return [entry for entry in entries if entry.group == group]

    def _wait(self, rows: list[Row]) -> dict[str, Row]:
        """Place in the queue, counted from 0, and guessed seconds until it begins, of every run that waits."""
        by_id = {row["id"]: row for row in rows}
        waiting = [by_id[run.id] for run in self._queue.waiting() if run.id in by_id]
        begins = queue_eta(waiting, [row for row in rows if row not in waiting], self._queue.slots)
        return {row["id"]: {"position": i, "begins": begins[i]} for i, row in enumerate(waiting)}

    def _look(self, run: Run) -> tuple[tuple[float, ...], Entry] | None:
        """What is known of a run, with its signature; None, and once a warning, if its folder is damaged."""
        signature = signature_of(run.path)
        known = self._known.get(run.id)
        if known and known[0] == signature:
            return signature, replace(known[1], status=run.status()) if known[1].status.state in MAY_CHANGE else known[1]
        try:
            found = _read(run)
        except (Refused, sqlite3.Error, ValueError, OSError) as error:
            if run.id not in self._damaged:
                log.warning("%s is left out, because it cannot be read: %s", run.path, error)
            self._damaged.add(run.id)
            return None
        self._damaged.discard(run.id)
        return signature, found


def _read(run: Run) -> Entry:
    """A run whose records are damaged has no history, but it can be resumed."""
    created, used, told = (run.path / "config.json").stat().st_mtime, run.bytes_used(), labels(run)
    begun = run.experiment
    try:
        status, changes, accuracy = run.status(), run.records.changes(), run.records.last("test/accuracy")
    except Refused as damaged:
        if damaged.problems[0].field != DATABASE:
            raise
        status, changes, accuracy = unreadable(damaged), [], None
    present, history = replay_until(begun, changes, sys.maxsize), History.of(begun, changes, status.step)
    return Entry(run, present, told, status, accuracy, used, created, history, flat(present.model_dump()), differences(present))


def _row(entry: Entry) -> Row:
    status, experiment = entry.status, entry.experiment
    return {
        "id": entry.run.id,
        "group": entry.group,
        "labels": entry.labels.model_dump(),
        "state": status.state,
        "dataset": experiment.data.name,
        "model": experiment.model.name,
        "method": experiment.method.name,
        "seed": experiment.seed,
        "train_size": experiment.data.train_size,
        "batch_size": experiment.schedule.batch_size,
        "epochs": experiment.schedule.epochs,
        "epoch": status.epoch,
        "epochs_done": status.epochs_done,
        "step": status.step,
        "steps": status.steps,
        "seconds": status.seconds,
        "eta": status.eta,
        "active": status.state in ACTIVE,
        "accuracy": entry.accuracy,
        "parent": experiment.parent.model_dump() if experiment.parent else None,
        "bytes": entry.bytes_used,
        "created": entry.created,
        "slurm": entry.status.message if entry.status.state == "queued" else "",
    }
