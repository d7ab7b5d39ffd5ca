"""Group runs that differ only in their seed: their curves as a mean and a spread."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.runs.run import Run
from engine.runs.status import State
from studio.queries.listing import Entry
from studio.stream.curve import thinned

FINISHED: frozenset[State] = frozenset({"finished"})
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """The runs that count, one finished run for each seed, and how many others are left out."""

    counted: list[Entry]
    repeats: int
    """Finished runs whose seed counts already."""
    unfinished: int

    @classmethod
    def of(cls, members: Iterable[Entry], states: Collection[State] = FINISHED) -> "Group":
        """Of runs with the same seed, which are given newest first, the newest counts that is in one of `states`."""
        given = list(members)
        finished = [entry for entry in given if entry.status.state in states and entry.accuracy is not None]
        newest = {entry.experiment.seed: entry for entry in reversed(finished)}
        counted = [entry for entry in finished if newest[entry.experiment.seed] is entry]
        return cls(counted, len(finished) - len(counted), len(given) - len(finished))


def by_group(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The runs of each group, in the order in which they are given."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.group, []).append(entry)
    return found


def summary(members: list[Entry]) -> dict[str, Any]:
    """Which of the runs count, how many are left out, and the statistics of those that count."""
    found = Group.of(members)
    counted = [entry.run for entry in found.counted]
    return {
        "runs": [run.id for run in counted],
        "repeats": found.repeats,
        "unfinished": found.unfinished,
        "to_come": any(member.is_to_come for member in members),
        "metrics": curves(counted),
    }


def curves(members: list[Run]) -> dict[str, dict[str, Any]]:
    """Mean, standard deviation and count of every metric over the runs, at each step that two of them or more have reached."""
    rows: dict[str, list[Rows]] = {}
    for run in members:
        for name, columns in run.records.curves().items():
            known = ~np.isnan(columns.values)
            rows.setdefault(name, []).append(np.column_stack(columns[1:])[known])
    return {name: curve for name, parts in rows.items() if (curve := _curve(np.concatenate(parts)))}


def _curve(rows: Rows) -> dict[str, Any] | None:
    """The statistics of rows (N, 3) of step, value and seconds; None where no step has two values."""
    steps, at, count = np.unique(rows[:, 0], return_inverse=True, return_counts=True)
    value, seconds = (np.bincount(at, rows[:, column]) / count for column in (1, 2))
    squares = np.bincount(at, (rows[:, 1] - value[at]) ** 2)
    shared = count > 1
    if not shared.any():
        return None
    deviation = np.sqrt(squares[shared] / (count[shared] - 1))
    columns = (steps[shared].astype(np.int64), value[shared], seconds[shared].round(3), deviation, count[shared])
    chosen = thinned(columns[0], columns[1])
    return dict(zip(("step", "value", "seconds", "deviation", "count"), (column[chosen] for column in columns), strict=True))
