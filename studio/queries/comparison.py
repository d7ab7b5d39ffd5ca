"""Comparison: which of several groups of runs is better, at what cost, and how sure that is."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.runs.reader import Columns
from engine.runs.run import Run
from engine.runs.status import ACTIVE, State, Status
from studio.queries.listing import Entry
from studio.queries.paired import Difference, corrected, difference
from studio.queries.seed_groups import FINISHED, Group, by_group
from studio.stream.curve import known
from studio.stream.feed import signature_of

METRIC = "test/accuracy"
Row = dict[str, Any]
Cost = Literal["steps", "gradients", "seconds"]
COSTS: tuple[Cost, ...] = get_args(Cost)
"""What a training takes: steps, gradient evaluations, seconds."""
Budget = Literal["end", "steps", "gradients", "seconds"]
"""What a ranking holds equal; at the end nothing."""


def spent(cost: Cost, curve: Columns, status: Status) -> NDArray[np.float64]:
    """What a run of this status had spent by each point of a curve, gradient evaluations evenly over its steps."""
    if cost == "seconds":
        return curve.seconds
    return curve.steps.astype(np.float64) * (1.0 if cost == "steps" else status.gradient_evaluations / max(1, status.step))


@lru_cache(maxsize=4096)
def _accuracies(run: Path, _signature: tuple[float, ...]) -> Columns:
    return known(Run(run).records.curves(name=METRIC)[METRIC])


@dataclass(frozen=True)
class Contestant:
    """A group of runs that differ in nothing but the seed, with the test accuracy of those that count."""

    name: str
    group: Group
    curves: dict[int, Columns]
    """By seed."""

    @classmethod
    def of(cls, name: str, members: Iterable[Entry], states: Collection[State] = FINISHED) -> "Contestant":
        group = Group.of(members, states)
        paths = {entry.experiment.seed: entry.run.path for entry in group.counted}
        return cls(name, group, {seed: _accuracies(path, signature_of(path)) for seed, path in paths.items()})

    def spent(self, cost: Cost) -> list[NDArray[np.float64]]:
        """What each run that counts had spent by each of its evaluations."""
        return [spent(cost, self.curves[entry.experiment.seed], entry.status) for entry in self.group.counted]

    def at(self, cost: Cost, budget: float) -> dict[int, float]:
        """By seed, the last accuracy that was measured within the budget; a seed without one is left out."""
        found = {}
        for entry, x in zip(self.group.counted, self.spent(cost), strict=True):
            within = int(np.searchsorted(x, budget * (1 + 1e-9), side="right"))
            if within:
                found[entry.experiment.seed] = float(self.curves[entry.experiment.seed].values[within - 1])
        return found


def compare(entries: Iterable[Entry], reference: str = "") -> Row:
    """The groups of `entries` ranked by test accuracy at the end, and at equal steps, gradient evaluations and seconds.

    `reference` is the group that the others are compared with, seed by seed: the one of plain SGD, or else the first, if
    there is none of that name. The numbers of a group at the end depend on nothing but its own runs.
    """
    given = list(entries)
    members = by_group(given)
    contestants = [Contestant.of(name, found) for name, found in members.items()]
    chosen = _reference(contestants, members, reference)
    return {
        "reference": chosen,
        "contestants": [_told(one) for one in contestants],
        "boards": {"end": board(contestants, chosen, "steps", np.inf), **_at_equal_costs(contestants, chosen)},
        "now": standing(given),
    }


def standing(entries: Iterable[Entry]) -> Row | None:
    """Who is ahead at equal costs while runs train: they, and those with their seeds that have finished; None if none trains.

    It takes no part in the boards and their statistics, of which nobody knows yet when they will be complete.
    """
    given = list(entries)
    seeds = {entry.experiment.seed for entry in given if entry.status.state in ACTIVE and entry.accuracy is not None}
    if not seeds:
        return None
    members = by_group(entry for entry in given if entry.experiment.seed in seeds)
    contestants = [Contestant.of(name, found, ACTIVE | FINISHED) for name, found in members.items()]
    return {"seeds": sorted(seeds), "boards": _at_equal_costs(contestants, "")}


def _at_equal_costs(contestants: list[Contestant], reference: str) -> Row:
    counted = [one for one in contestants if one.curves]
    budgets = {cost: min((float(x[-1]) for one in counted for x in one.spent(cost)), default=0.0) for cost in COSTS}
    return {cost: board(contestants, reference, cost, budget) for cost, budget in budgets.items()}


def board(contestants: Sequence[Contestant], reference: str, cost: Cost, budget: float) -> Row:
    """Mean, deviation and rank of each contestant within a budget, and its difference from the reference."""
    values = {one.name: one.at(cost, budget) for one in contestants}
    others = [name for name in values if name != reference]
    found = corrected([difference(values[name], values.get(reference, {})) for name in others])
    against = dict(zip(others, found, strict=True))
    rows = [_row(name, list(found.values()), against.get(name)) for name, found in values.items()]
    rows.sort(key=lambda row: -np.inf if row["mean"] is None else row["mean"], reverse=True)
    return {"budget": budget if np.isfinite(budget) else None, "rows": rows}


def _row(name: str, values: list[float], against: Difference | None) -> Row:
    return {
        "group": name,
        "n": len(values),
        "mean": float(np.mean(values)) if values else None,
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "difference": asdict(against) if against else None,
    }


def _reference(contestants: list[Contestant], members: dict[str, list[Entry]], wanted: str) -> str:
    if wanted in members:
        return wanted
    counted = [one.name for one in contestants if one.curves] or [one.name for one in contestants]
    plain = (name for name in counted if members[name][0].experiment.method.name == "sgd")
    return next(plain, next(iter(counted), ""))


def _told(one: Contestant) -> Row:
    return {
        "group": one.name,
        "seeds": sorted(one.curves),
        "runs": [entry.run.id for entry in one.group.counted],
        "repeats": one.group.repeats,
        "unfinished": one.group.unfinished,
    }
