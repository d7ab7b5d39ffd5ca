"""Overlay: the curves of several groups of runs, to be drawn in one chart."""

from collections.abc import Iterable, Iterator
from typing import Any

from engine.runs.status import ACTIVE
from studio.queries.listing import Entry
from studio.queries.seed_groups import Group, by_group, curves
from studio.stream.curve import Curve

Row = dict[str, Any]


def overlay(entries: Iterable[Entry]) -> list[Row]:
    """Lines of curves: the mean of each group of two seeds or more, and each run that stands alone or still trains."""
    return [line for name, members in by_group(entries).items() for line in _lines(name, members)]


def _lines(name: str, members: list[Entry]) -> Iterator[Row]:
    counted = Group.of(members).counted
    live = [entry for entry in members if entry.status.state in ACTIVE]
    if len(counted) > 1:
        yield {**_line(name, counted[0]), "seeds": len(counted), "curves": curves([entry.run for entry in counted])}
    alone = counted if len(counted) == 1 else [] if counted or live else [entry for entry in members if entry.is_whole][:1]
    for entry in [*alone, *live]:
        yield {**_line(name, entry), "run": entry.run.id, "live": entry in live, "curves": _own(entry)}


def _line(name: str, entry: Entry) -> Row:
    """What is the same for all curves of a line: how epochs and gradient evaluations go with the steps."""
    status, steps = entry.status, max(1, entry.status.step)
    of_a_step = {"epochs": status.epochs_done / steps, "gradients": status.gradient_evaluations / steps}
    return {"group": name, "method": entry.experiment.method.name, "run": "", "live": False, "seeds": 1, "per_step": of_a_step}


def _own(entry: Entry) -> Row:
    return {name: Curve(columns).after(0) for name, columns in entry.run.records.curves().items()}
