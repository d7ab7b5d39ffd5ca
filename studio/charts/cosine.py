"""How much the perturbed and the clean gradient of an update point the same way; mixed methods only."""

from studio.charts.figure import GREEN, Figure, Trace

FIGURE = Figure(
    "cosine",
    "Agreement of the two gradients",
    "cosine (1 = same direction)",
    (Trace("train/gradient_cosine", "cos(g at w, g at w + ε)", GREEN, "solid", smooth=True),),
    log=False,
    lowest=-1.0,
    highest=1.0,
)
