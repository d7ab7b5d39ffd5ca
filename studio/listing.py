"""Listing: the runs there are, for the picker; a run that has not changed is not read again."""

from pathlib import Path

from engine.queue import Queue
from engine.records import ACTIVE
from engine.run import Run
from studio.feed import signature_of
from studio.waiting import Row, expected

NOT_WAITING: Row = {"position": None, "begins": None}


class Listing:
    """One row per run, newest first."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._queue = Queue(runs)
        self._rows: dict[str, tuple[tuple[float, ...], Row]] = {}

    def rows(self) -> list[Row]:
        """Identity, choices, state and last test accuracy of every run. Blocks while it reads what has changed."""
        self._rows = {run.id: self._row(run) for run in Run.all(self._runs)}
        rows = [row for _, row in self._rows.values()]
        return [row | self._wait(rows).get(row["id"], NOT_WAITING) for row in rows]

    def _wait(self, rows: list[Row]) -> dict[str, Row]:
        """Place in the queue, counted from 0, and guessed seconds until it begins, of every run that waits."""
        by_id = {row["id"]: row for row in rows}
        waiting = [by_id[run.id] for run in self._queue.waiting() if run.id in by_id]
        begins = expected(waiting, [row for row in rows if row not in waiting], self._queue.lanes)
        return {row["id"]: {"position": i, "begins": begins[i]} for i, row in enumerate(waiting)}

    def _row(self, run: Run) -> tuple[tuple[float, ...], Row]:
        signature = signature_of(run.path)
        known_signature, known = self._rows.get(run.id, ((), {}))
        if signature == known_signature and known["state"] not in (*ACTIVE, "interrupted"):
            return signature, known
        return signature, _read(run)


def _read(run: Run) -> Row:
    status, experiment = run.status(), run.present
    accuracies = list(run.records.accuracies().values())
    return {
        "id": run.id,
        "state": status.state,
        "dataset": experiment.data.name,
        "model": experiment.model.name,
        "method": experiment.method.name,
        "train_size": experiment.data.train_size,
        "batch_size": experiment.schedule.batch_size,
        "epochs": experiment.schedule.epochs,
        "step": status.step,
        "steps": status.steps,
        "seconds": status.seconds,
        "eta": status.eta,
        "active": status.state in ACTIVE,
        "accuracy": accuracies[-1] if accuracies else None,
        "parent": experiment.parent.model_dump() if experiment.parent else None,
        "bytes": run.bytes_used(),
        "created": (run.path / "config.json").stat().st_mtime,
    }
