"""Listing: the runs there are; a run that has not changed is not read again."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from engine.experiment import Experiment
from engine.records import ACTIVE, Status
from engine.run import Run
from studio.feed import signature_of


@dataclass(frozen=True)
class Entry:
    """What is known of one run without reading its curves."""

    run: Run
    experiment: Experiment
    status: Status
    accuracy: float | None
    """Last test accuracy, if there is one."""
    created: float
    """When the run was made, in Unix seconds."""

    @property
    def is_to_come(self) -> bool:
        """Whether there is more to expect of it without anybody's doing."""
        return self.status.state in (*ACTIVE, "queued")

    @property
    def group(self) -> str:
        """A name that all runs share which differ in nothing but their seed."""
        return blake2b(self.experiment.group.model_dump_json().encode(), digest_size=8).hexdigest()


class Listing:
    """One entry per run, newest first."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._known: dict[str, tuple[tuple[float, ...], Entry]] = {}

    def entries(self) -> list[Entry]:
        """Every run as it is now. Blocks while it reads what has changed."""
        self._known = {run.id: self._look(run) for run in Run.all(self._runs)}
        return [entry for _, entry in self._known.values()]

    def rows(self) -> list[dict[str, Any]]:
        """Identity, choices, state and last test accuracy of every run, for the picker."""
        return [_row(entry) for entry in self.entries()]

    def members(self, run: Run) -> list[Entry]:
        """The group of `run`, itself included."""
        entries = self.entries()
        group = next((entry.group for entry in entries if entry.run.id == run.id), None)
        return [entry for entry in entries if entry.group == group]

    def _look(self, run: Run) -> tuple[tuple[float, ...], Entry]:
        signature = signature_of(run.path)
        known = self._known.get(run.id)
        if known and known[0] == signature and known[1].status.state not in (*ACTIVE, "interrupted"):
            return known
        created = (run.path / "config.json").stat().st_mtime
        experiment = known[1].experiment if known else run.experiment
        return signature, Entry(run, experiment, run.status(), run.records.last("test/accuracy"), created)


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.run.id,
        "group": entry.group,
        "state": entry.status.state,
        "dataset": entry.experiment.data.name,
        "model": entry.experiment.model.name,
        "method": entry.experiment.method.name,
        "seed": entry.experiment.seed,
        "step": entry.status.step,
        "steps": entry.status.steps,
        "accuracy": entry.accuracy,
        "created": entry.created,
    }
