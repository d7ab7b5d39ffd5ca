"""Several runs, or checkpoints of one, on one loss surface."""

import html
from collections.abc import Sequence
from itertools import cycle
from typing import Any

from engine.runs.run import Run
from studio.charts import METHOD_COLOURS
from studio.figures.drawing import axis, figure, heights, line


def plane(found: dict[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    """The surface as contours of log₁₀ of the loss, and the places of the runs on it."""
    contours = {
        "type": "contour",
        "x": found["x"],
        "y": found["y"],
        "z": heights(found["loss"]).tolist(),
        "name": "log₁₀ loss",
        "colorscale": "Cividis",
    }
    traces = [{**contours, "ncontours": 24, "colorbar": {"title": {"text": "log₁₀ loss"}}}]
    beside = cycle(("top center", "bottom center", "middle right", "middle left"))
    for run, (x, y), step, own in zip(runs, found["places"], found["steps"], found["own"], strict=True):
        name, told = run.experiment.method.name, f"step {step}: loss {own:.3g}"
        marks = {"mode": "markers+text", "text": [html.escape(name)], "textposition": next(beside), "hovertext": [told]}
        colour = METHOD_COLOURS[name]
        look = {"marker": {"size": 12, "color": colour, "line": {"width": 1.5, "color": "white"}}, "textfont": {"color": "white"}}
        traces.append(line([x], [y], html.escape(f"{name}, seed {run.experiment.seed}, {told}"), colour, **marks, **look))
    between = ", ".join(f"{one:.3g}" for one in found["middles"])
    title = f"{found['explained']:.0%} of the scatter lies in this plane; loss half way from each run to the next: {between}"
    side = {"range": [found["x"][0], found["x"][-1]], "constrain": "domain"}
    axes = {
        "xaxis": axis("distance along the first direction", **side),
        "yaxis": axis("along the second", scaleanchor="x", **side),
    }
    return figure(title, traces, **axes, legend={"orientation": "h", "y": -0.15})
