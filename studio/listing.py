"""Listing: the runs there are, for the picker; a run that has not changed is not read again."""

from pathlib import Path
from typing import Any

from engine.records import ACTIVE
from engine.run import Run
from studio.feed import signature_of


class Listing:
    """One row per run, newest first."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._rows: dict[str, tuple[tuple[float, ...], dict[str, Any]]] = {}

    def rows(self) -> list[dict[str, Any]]:
        """Identity, choices, state and last test accuracy of every run. Blocks while it reads what has changed."""
        self._rows = {run.id: self._row(run) for run in Run.all(self._runs)}
        return [row for _, row in self._rows.values()]

    def _row(self, run: Run) -> tuple[tuple[float, ...], dict[str, Any]]:
        signature = signature_of(run.path)
        known_signature, known = self._rows.get(run.id, ((), {}))
        if signature == known_signature and known["state"] not in (*ACTIVE, "interrupted"):
            return signature, known
        return signature, _read(run)


def _read(run: Run) -> dict[str, Any]:
    status, experiment = run.status(), run.experiment
    accuracies = [row.value for row in run.records.metrics() if row.name == "test/accuracy"]
    return {
        "id": run.id,
        "state": status.state,
        "dataset": experiment.data.name,
        "model": experiment.model.name,
        "method": experiment.method.name,
        "step": status.step,
        "steps": status.steps,
        "accuracy": accuracies[-1] if accuracies else None,
        "created": (run.path / "config.json").stat().st_mtime,
    }
