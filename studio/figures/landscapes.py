"""Figure 5: the loss landscapes of several runs on one scale, and below them the spectra of their Hessians."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import Refused
from studio.figures.drawing import Trace, arrays, axis, figure, groups, heights, line
from studio.queries.listing import Entry

LEAST = 1e-6
"""Of a density that is drawn."""
AT_THE_TOP = {"y": 1, "xanchor": "center", "xref": "paper", "yref": "paper", "showarrow": False}


def landscapes(entries: Sequence[Entry]) -> dict[str, Any]:
    """A column for each run: log₁₀ of the loss as a surface, and the density of eigenvalues where it was measured."""
    shown = [(f"{name}, seed {entry.experiment.seed}", colour, entry) for name, colour, runs in groups(entries) for entry in runs]
    surfaces = [_surface(name, arrays(entry, "landscape")) for name, _, entry in shown]
    spectra = [_spectrum(entry) for *_, entry in shown]
    every, bottom = np.concatenate([np.array(one["z"], float).ravel() for one in surfaces]), 0.4 if any(spectra) else 0.0
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    away = 1.4 + 0.15 * len(shown)  # the narrower a column, the further from it is the camera
    traces: list[Trace] = []
    layout: dict[str, Any] = {"annotations": []}
    for at, ((name, colour, _), surface, spectrum) in enumerate(zip(shown, surfaces, spectra, strict=True)):
        number, ends = str(at + 1) if at else "", [at / len(shown), (at + 0.9) / len(shown)]
        scale = {"showscale": False} if at else {"colorbar": {"title": {"text": "log₁₀ loss"}}}
        traces.append({**surface, "scene": f"scene{number}", "cmin": low, "cmax": high, **scale})
        scene = {"domain": {"x": ends, "y": [bottom, 0.94]}, "zaxis": axis("log₁₀ loss", range=[low, high])}
        layout[f"scene{number}"] = {**scene, "camera": {"eye": {"x": away, "y": away, "z": 0.7 * away}}}
        layout["annotations"].append({"text": name, "x": sum(ends) / 2, **AT_THE_TOP})
        if spectrum:
            layout[f"xaxis{number}"] = axis(f"λ, {name}", domain=ends)
            layout[f"yaxis{number}"] = axis("density", domain=[0, 0.3], type="log", anchor=f"x{number}")
            traces.append(line(*spectrum, name, colour, mode="lines", xaxis=f"x{number}", yaxis=f"y{number}"))
    return figure("Loss landscapes and Hessian spectra (figure 5)", traces, showlegend=False, **layout)


def _surface(name: str, grid: dict[str, NDArray[np.float64]]) -> Trace:
    places = {"x": grid["x"].tolist(), "y": grid["y"].tolist(), "z": heights(grid["loss"]).tolist()}
    return {"type": "surface", **places, "name": name, "colorscale": "Cividis"}


def _spectrum(entry: Entry) -> tuple[Any, Any] | None:
    """Eigenvalues and their density, if they were measured; a landscape alone is worth showing."""
    try:
        found = arrays(entry, "density")
    except Refused:
        return None
    return found["places"], np.maximum(found["density"], LEAST)
