"""The size of the random perturbation over the training."""

from studio.charts.figure import ORANGE, Figure, Trace

FIGURE = Figure(
    "sigma",
    "Perturbation size",
    "σ (relative to the filter's norm)",
    (Trace("train/sigma", "σ", ORANGE, "dot"),),
    from_zero=True,
)
