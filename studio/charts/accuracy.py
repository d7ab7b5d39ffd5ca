"""Accuracy: on mini-batches, and on whole sets at each evaluation."""

from studio.charts.figure import BLUE, GREEN, VERMILION, Figure, Trace

FIGURE = Figure(
    id="accuracy",
    title="Accuracy",
    unit="correct (%)",
    traces=(
        Trace("train/accuracy", "mini-batch", BLUE, "solid", smooth=True),
        Trace("test/accuracy", "test", VERMILION, "dash"),
        Trace("train_eval/accuracy", "train", GREEN, "dashdot"),
    ),
    log=False,
    percent=True,
    highest=1.0,
)
