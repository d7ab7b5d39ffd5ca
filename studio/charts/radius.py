"""How far the perturbed weights are from the weights."""

from studio.charts.figure import PURPLE, Figure, Trace

FIGURE = Figure(
    "radius", "Perturbation radius", "‖ε‖₂", (Trace("train/perturbation_radius", "‖ε‖₂", PURPLE, "solid", smooth=True),)
)
