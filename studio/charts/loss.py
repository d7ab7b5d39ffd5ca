"""Loss: on mini-batches at w and at w + ε, and on whole sets at each evaluation."""

from studio.charts.figure import BLUE, GREEN, ORANGE, VERMILION, Figure, Trace

FIGURE = Figure(
    id="loss",
    title="Loss",
    unit="cross-entropy (nats)",
    traces=(
        Trace("train/loss", "mini-batch at w", BLUE, "solid", smooth=True),
        Trace("train/perturbed_loss", "at w + ε", ORANGE, "dot", smooth=True),
        Trace("test/loss", "test", VERMILION, "dash"),
        Trace("train_eval/loss", "train", GREEN, "dashdot"),
    ),
)
