"""Figure: what a chart of curves shows, as data."""

from dataclasses import dataclass
from typing import Literal

# Okabe and Ito's colours, which stay apart for every kind of colour vision.
ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"


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
