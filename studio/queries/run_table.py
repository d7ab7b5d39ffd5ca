"""Table of runs: every run as a row, with the fields in which the runs differ."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.runs.run import Run
from studio.form.choices import has_choice, sections
from studio.form.fields import knobs, top_knobs
from studio.queries.listing import Entry

OF_EACH_RUN = {"format", "seed", "seeds", "parent", "parent.run", "parent.step"}
"""Fields that have a column of their own, or say nothing of what was trained."""
Row = dict[str, Any]


def run_table(entries: Sequence[Entry]) -> Row:
    """Every field in the order of the form, the values that all runs have in common, and the rows, newest first.

    A row has only the settings that are not common; a field that a run does not have is left out.
    """
    common = _common(entries)
    return {"fields": _fields(), "common": common, "rows": [_row(entry, common) for entry in entries]}


@lru_cache(maxsize=4096)
def _best(run: Path, _step: int, _state: str) -> float | None:
    """Best test accuracy of a run, read again only when it has gone on: it takes a look at all that was recorded."""
    return max(Run(run).records.accuracies().values(), default=None)


def _common(entries: Sequence[Entry]) -> Row:
    """The fields that all runs have with the same value."""
    if not entries:
        return {}
    first, *others = (entry.settings for entry in entries)
    return {path: value for path, value in first.items() if all(path in one and one[path] == value for one in others)}


def _fields() -> list[Row]:
    sections_first = [{"path": f"{name}.name", "short": name} for name in sections() if has_choice(name)]
    every = [*top_knobs(), *(one for name in sections() for one in knobs(name))]
    found = [*sections_first, *({"path": one.path, "short": one.short} for one in every if one.path not in OF_EACH_RUN)]
    return sorted(found, key=lambda field: not field["path"].startswith("method."))


def _row(entry: Entry, common: Row) -> Row:
    status, experiment = entry.status, entry.experiment
    return {
        "id": entry.run.id,
        "group": entry.group,
        "name": entry.labels.name,
        "tags": entry.labels.tags,
        "method": experiment.method.name,
        "dataset": experiment.data.name,
        "model": experiment.model.name,
        "seed": experiment.seed,
        "parent": f"{experiment.parent.run} at {experiment.parent.step}" if experiment.parent else "",
        "state": status.state,
        "step": status.step,
        "accuracy": entry.accuracy,
        "best": None if entry.accuracy is None else _best(entry.run.path, status.step, status.state),
        "seconds": status.seconds,
        "gradients": status.gradient_evaluations,
        "created": entry.created,
        "live_changes": len(entry.history.changes),
        "settings": {path: value for path, value in entry.settings.items() if path not in common and path not in OF_EACH_RUN},
        "changed": [path for path in entry.changed if path not in common and path not in OF_EACH_RUN],
    }
