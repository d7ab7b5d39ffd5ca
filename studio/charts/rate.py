"""Learning rate over the training."""

from studio.charts.figure import BLUE, Figure, Trace

FIGURE = Figure("rate", "Learning rate", "γ", (Trace("train/lr", "γ", BLUE),), from_zero=True)
