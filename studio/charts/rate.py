"""Learning rate over the training."""

from studio.charts.figure import BLUE, Figure, Trace

FIGURE = Figure("rate", "Learning rate", "γ", (Trace("train/lr", "learning rate γ", BLUE),))
