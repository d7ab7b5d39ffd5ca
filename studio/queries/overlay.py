"""Overlay: the curves of several groups of runs, to be drawn in one chart."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from engine.runs.run import Run
from engine.runs.status import ACTIVE
from studio.queries.listing import Entry
from studio.queries.seed_groups import Group, by_group, curves
from studio.stream.curve import Curve
from studio.stream.feed import signature_of

Row = dict[str, Any]
KEPT = 128
"""Lines whose curves are kept, half a megabyte at most each."""


def overlay(entries: Iterable[Entry]) -> list[Row]:
    """Lines of curves: the mean of each group of two seeds or more, and each run that stands alone or still trains."""
    return [line for name, members in by_group(entries).items() for line in _lines(name, members)]


def _lines(name: str, members: list[Entry]) -> Iterator[Row]:
    counted = Group.of(members).counted
    live = [entry for entry in members if entry.status.state in ACTIVE]
    if len(counted) > 1:
        measured = next((found for entry in counted if (found := _landscape(entry))), None)
        mean = {"seeds": len(counted), "curves": _read_once(counted), "landscape": measured}
        yield {**_line(name, counted[0]), **mean}
    alone = counted if len(counted) == 1 else [] if counted or live else [entry for entry in members if entry.is_whole][:1]
    for entry in [*alone, *live]:
        yield {**_line(name, entry), "run": entry.run.id, "live": entry in live, "curves": _read_once([entry])}


def _line(name: str, entry: Entry) -> Row:
    """What is the same for all curves of a line: how other axes go with the steps, what was changed when, and a landscape."""
    status, steps = entry.status, max(1, entry.status.step)
    spent = {"epochs": status.epochs_done, "gradients": status.gradient_evaluations, "samples": _samples(entry)}
    return {
        "group": name,
        "method": entry.experiment.method.name,
        "run": "",
        "live": False,
        "seeds": 1,
        "per_step": {cost: value / steps for cost, value in spent.items()},
        "changes": [{"step": step, "path": path, "new": new} for step, path, new in entry.history.changes],
        "landscape": _landscape(entry),
    }


def _samples(entry: Entry) -> int:
    """How many images a mini-batch had, summed over the steps."""
    begun = json.loads(entry.history.settings)["schedule"]["batch_size"]
    changed = [(step, new) for step, path, new in entry.history.changes if path == "schedule.batch_size"]
    sizes = [(0, begun), *changed, (entry.status.step, 0)]
    return sum(size * (end - start) for (start, size), (end, _) in pairwise(sizes))


def _landscape(entry: Entry) -> Row | None:
    """The newest loss landscape that was measured to the end."""
    measured = entry.run.records.events(kind="landscape") if entry.is_whole else []
    newest = next((event for event in reversed(measured) if event.data.get("done")), None)
    if newest is None:
        return None
    return {"run": entry.run.id, "seed": entry.experiment.seed, "array": newest.data["array"], "step": newest.step}


def _read_once(entries: list[Entry]) -> Row:
    """The curves of one run, or the means of several; they are read again when one of the runs has written more."""
    paths = tuple(entry.run.path for entry in entries)
    return _curves(paths, tuple(map(signature_of, paths)))


@lru_cache(maxsize=KEPT)
def _curves(paths: tuple[Path, ...], _signatures: tuple[tuple[float, ...], ...]) -> Row:
    if len(paths) > 1:
        return curves([Run(path) for path in paths])
    return {name: Curve(columns).after(0) for name, columns in Run(paths[0]).records.curves().items()}
