"""The line charts as a table; the browser draws any of them from its row."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from studio.chart_help import HELP

# Okabe and Ito's colours, which stay apart for every kind of colour vision.
ORANGE, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#009E73", "#0072B2", "#D55E00", "#CC79A7"


@dataclass(frozen=True)
class Trace:
    """One curve: the metric it shows and how it is drawn."""

    metric: str
    name: str
    colour: str
    dash: Literal["solid", "dash", "dot", "dashdot"] = "solid"
    smooth: bool = False
    """Whether it is noisy enough for the smoothing slider to apply."""


@dataclass(frozen=True)
class Figure:
    """A chart; it is hidden while none of its metrics has been recorded."""

    id: str
    title: str
    unit: str
    """What the y axis says."""
    traces: tuple[Trace, ...]
    log: bool = True
    """Whether a logarithmic y axis makes sense."""
    percent: bool = False
    from_zero: bool = False
    """Whether a linear y axis starts at zero."""
    lowest: float = 0.0
    """What no value can be below."""
    highest: float | None = None
    """What no value can be above."""
    on_stage: bool = False
    """Whether it stands beside the landscape, where it is always in sight."""


CHARTS = (
    Figure(
        "loss",
        "Loss",
        "cross-entropy (nats)",
        (
            Trace("train/loss", "mini-batch at w", BLUE, smooth=True),
            Trace("train/perturbed_loss", "at w + ε", ORANGE, "dot", smooth=True),
            Trace("test/loss", "test", VERMILION, "dash"),
            Trace("train_eval/loss", "train", GREEN, "dashdot"),
        ),
        on_stage=True,
    ),
    Figure(
        "accuracy",
        "Accuracy",
        "correct (%)",
        (
            Trace("train/accuracy", "mini-batch", BLUE, smooth=True),
            Trace("test/accuracy", "test", VERMILION, "dash"),
            Trace("train_eval/accuracy", "train", GREEN, "dashdot"),
        ),
        log=False,
        percent=True,
        highest=1.0,
        on_stage=True,
    ),
    Figure(
        "cosine",
        "Agreement of the two gradients",
        "cosine (1 = same direction)",
        (Trace("train/gradient_cosine", "cos(g₁, g₂)", GREEN, smooth=True),),
        log=False,
        lowest=-1.0,
        highest=1.0,
    ),
    Figure("radius", "Perturbation radius", "‖ε‖₂", (Trace("train/perturbation_radius", "‖ε‖₂", PURPLE, smooth=True),)),
    Figure("sharpness", "Sharpness", "λ₁ of the Hessian", (Trace("sharpness/lambda_1", "λ₁", PURPLE),), lowest=-1e300),
    Figure(
        "rise",
        "Rise of the loss nearby",
        "L(w + ε) − L(w) (nats)",
        (
            Trace("flatness/noise", "fixed noise", ORANGE),
            Trace("flatness/own_noise", "the method's own noise", GREEN, "dot"),
            Trace("flatness/worst", "worst direction", VERMILION, "dash"),
        ),
        lowest=-1e300,
    ),
    Figure("trace", "Curvature in all directions", "tr H", (Trace("flatness/trace", "tr H", PURPLE),), lowest=-1e300),
    Figure("rate", "Learning rate", "γ", (Trace("train/lr", "γ", BLUE),), from_zero=True),
    Figure(
        "sigma",
        "Perturbation size",
        "σ",
        (Trace("train/sigma", "σ", ORANGE, "dot"),),
        from_zero=True,
    ),
    Figure(
        "waiting",
        "Waiting for data",
        "of a step (%)",
        (Trace("train/data_wait", "waiting for images", VERMILION, smooth=True),),
        log=False,
        percent=True,
        from_zero=True,
        highest=1.0,
    ),
)

FIGURES = [asdict(chart) | {"help": HELP[chart.id]} for chart in CHARTS]
"""The charts in the order shown, as plain data."""


def _alone(figure: Figure, trace: Trace) -> dict[str, Any]:
    """A chart of one metric, in which the curves of several runs are told apart, as plain data."""
    alone = replace(figure, id=trace.metric.replace("/", "-"), title=f"{figure.title}: {trace.name}", traces=(trace,))
    return asdict(alone) | {"help": HELP[figure.id]}


FIRST = ("test/accuracy", "test/loss", "train/loss")
"""What is looked at first when runs are compared."""
_EACH = sorted(
    ((chart, trace) for chart in CHARTS for trace in chart.traces),
    key=lambda one: FIRST.index(one[1].metric) if one[1].metric in FIRST else len(FIRST),
)
OVERLAYS = [_alone(chart, trace) for chart, trace in _EACH]
"""A chart for each metric, for several runs at once, as plain data."""

METHOD_COLOURS = {
    "sgd": "#888888",
    "sam": "#EE6677",
    "rwp": "#66CCEE",
    "arwp": "#228833",
    "m-rwp": "#4477AA",
    "m-arwp": "#AA3377",
    "asam": "#CCBB44",
    "fsam": "#EE7733",
    "gsam": "#CC6677",
    "lpf-sgd": "#44AA99",
    "sampa": "#882255",
    "nso": "#999933",
    "msam": "#DDAA33",
}
"""A colour for each method wherever methods are compared: Paul Tol's, which stay apart for every kind of colour vision."""
