"""Parts of figures: what was measured of runs, and traces and axes for it."""

import html
from collections.abc import Iterator, Sequence
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import Problem, Refused
from studio.charts import METHOD_COLOURS
from studio.queries.group_names import group_names
from studio.queries.listing import Entry
from studio.queries.seed_groups import by_group

Trace = dict[str, Any]
PROBE_COMMAND = "Measure it on the page under More actions, or train with {kind}.at_end=true"


def arrays(entry: Entry, kind: str) -> dict[str, NDArray[np.float64]]:
    """What a probe has measured last. Raises `Refused` if it has not."""
    events = [event for event in entry.run.records.events(kind=kind) if event.data.get("done")]
    if not events:
        raise Refused(Problem(entry.run.id, f"has no {kind}", PROBE_COMMAND.format(kind=kind)))
    with entry.run.file(f"arrays/{events[-1].data['array']}.npz") as stored, np.load(stored, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def heights(loss: ArrayLike) -> NDArray[np.float64]:
    """log₁₀ of a loss, and NaN where it is no number."""
    values = np.asarray(loss, dtype=float)
    found: NDArray[np.float64] = np.log10(np.where(np.isfinite(values), np.maximum(values, 1e-9), np.nan))
    return found


def labels(entries: Sequence[Entry]) -> dict[str, str]:
    """What each group is called, as Plotly may have it, which understands tags in a text."""
    return {group: html.escape(name) for group, name in group_names(entries).items()}


def groups(entries: Sequence[Entry]) -> Iterator[tuple[str, str, list[Entry]]]:
    """The name, the colour and the members of every group of runs."""
    names = labels(entries)
    for group, members in by_group(entries).items():
        yield names[group], METHOD_COLOURS[members[0].experiment.method.name], members


def line(x: ArrayLike, y: ArrayLike, name: str, colour: str, **more: Any) -> Trace:
    places = {"x": np.asarray(x).tolist(), "y": np.asarray(y).tolist()}
    return {"type": "scatter", "mode": "lines+markers", **places, "name": name, "line": {"color": colour}, **more}


def with_spread(found: dict[float, list[float]], name: str, colour: str, **more: Any) -> Trace:
    """Means with their standard deviations, over what lies on the x axis."""
    x = sorted(found)
    deviations = [stdev(found[at]) if len(found[at]) > 1 else 0.0 for at in x]
    return line(x, [fmean(found[at]) for at in x], name, colour, error_y={"array": deviations}, **more)


def axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, **more}


def figure(title: str, traces: list[Trace], **layout: Any) -> dict[str, Any]:
    """A figure of Plotly's. Raises `Refused` if it is empty."""
    if not traces:
        raise Refused(Problem("figure", "these runs have nothing to draw", "Choose runs that are evaluated"))
    return {"data": traces, "layout": {"title": {"text": title}, "hovermode": "closest", **layout}}
