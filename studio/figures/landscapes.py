"""Figure 5: the loss landscapes of several runs on one scale, and below them the spectra of their Hessians."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.errors import Refused
from studio.figures.drawing import arrays, axis, figure, groups, line
from studio.queries.listing import Entry

LEAST = 1e-6
"""Of a density that is drawn."""


def landscapes(entries: Sequence[Entry]) -> dict[str, Any]:
    """A column for each run: log₁₀ of the loss as a surface, and the density of eigenvalues where it was measured."""
    shown = [(name, colour, entry) for name, colour, members in groups(entries) for entry in members]
    grids = [arrays(entry, "landscape") for *_, entry in shown]
    heights = [np.log10(np.where(np.isfinite(grid["loss"]), np.maximum(grid["loss"], 1e-9), np.nan)) for grid in grids]
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    traces, layout, width = [], {}, 1 / len(shown)
    for at, ((name, colour, entry), grid, height) in enumerate(zip(shown, grids, heights, strict=True), start=1):
        number, ends = "" if at == 1 else str(at), [(at - 1) * width, (at - 0.1) * width]
        surface = {"type": "surface", "x": grid["x"].tolist(), "y": grid["y"].tolist(), "z": height.tolist(), "name": name}
        traces.append(
            {**surface, "scene": f"scene{number}", "colorscale": "Cividis", "cmin": low, "cmax": high, "showscale": at == 1}
        )
        layout[f"scene{number}"] = {"domain": {"x": ends, "y": [0.4, 1]}, "zaxis": axis("log₁₀ loss", range=[low, high])}
        layout[f"xaxis{number}"] = axis(f"λ, {name}, seed {entry.experiment.seed}", domain=ends)
        layout[f"yaxis{number}"] = axis("density", domain=[0, 0.3], type="log", anchor=f"x{number}")
        traces.extend(_spectrum(entry, f"{name}, seed {entry.experiment.seed}", colour, number))
    return figure("Loss landscapes and Hessian spectra (figure 5)", traces, showlegend=False, **layout)


def _spectrum(entry: Entry, name: str, colour: str, number: str) -> list[dict[str, Any]]:
    try:
        found = arrays(entry, "density")
    except Refused:
        return []  # a landscape alone is worth showing
    density = np.maximum(found["density"], LEAST)
    return [line(found["places"], density, name, colour, mode="lines", xaxis=f"x{number}", yaxis=f"y{number}")]
