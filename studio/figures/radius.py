"""Figure 1: the training loss against the radius of a perturbation, random and along the gradient."""

from collections.abc import Sequence
from typing import Any

from studio.figures.drawing import arrays, axis, figure, groups, line
from studio.queries.listing import Entry

NOISES = {"filter": "dash", "damped": "longdash", "filter_rms": "dashdot", "isotropic": "dot"}


def radius(entries: Sequence[Entry]) -> dict[str, Any]:
    """One curve a run and kind of perturbation: the mean of the draws with their standard deviation."""
    traces = []
    for name, colour, members in groups(entries):
        for entry in members:
            found = arrays(entry, "radius")
            label = f"{name}, seed {entry.experiment.seed}"
            traces.append(line(found["radius"], found["ascent"], f"{label}: ascent", colour))
            for noise, dash in NOISES.items():
                if noise in found:
                    mean, deviation = found[noise].mean(0), found[noise].std(0, ddof=1)
                    look = {"line": {"color": colour, "dash": dash}, "error_y": {"array": deviation.tolist()}}
                    traces.append({**line(found["radius"], mean, f"{label}: {noise}", colour), **look})
    axes = {"xaxis": axis("‖ε‖₂", type="log"), "yaxis": axis("training loss", type="log")}
    return figure("Training loss under perturbations (figure 1)", traces, **axes)
