"""The figures of the paper, drawn of runs: each a function of their entries that gives a figure of Plotly's as plain data."""

from collections.abc import Callable, Sequence
from typing import Any

from studio.figures.convergence import convergence
from studio.figures.hyperparameters import hyperparameters
from studio.figures.landscapes import landscapes
from studio.figures.radius import radius
from studio.figures.trade_off import trade_off
from studio.queries.listing import Entry

Figure = dict[str, Any]
FIGURES: dict[str, tuple[str, Callable[[Sequence[Entry]], Figure]]] = {
    "1": ("training loss against the radius of a perturbation", radius),
    "2": ("training loss and test accuracy of methods over the epochs", convergence),
    "3": ("training loss against generalisation error, and test accuracy over σ", trade_off),
    "4": ("test accuracy over each hyper-parameter", hyperparameters),
    "5": ("loss landscapes, and below them the spectra of the Hessian", landscapes),
}
"""By number: what is drawn, and the function that draws it, which raises `Refused` if the runs do not have what it needs."""
