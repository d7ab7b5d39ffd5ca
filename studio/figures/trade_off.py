"""Figure 3: what a larger σ costs in convergence and gives in generalisation."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from studio.charts import METHOD_COLOURS
from studio.figures.drawing import axis, figure, line, with_spread
from studio.queries.listing import Entry

METRICS = ("train_eval/loss", "train_eval/accuracy", "test/accuracy")


def trade_off(entries: Sequence[Entry]) -> dict[str, Any]:
    """On the left each run by training loss and generalisation error, on the right the test accuracy over σ."""
    traces = []
    for method in sorted({entry.experiment.method.name for entry in entries}):
        places, by_sigma = [], defaultdict[float, list[float]](list)
        for entry in entries:
            loss, train, test = (
                entry.run.records.last(name) for name in ("train_eval/loss", "train_eval/accuracy", "test/accuracy")
            )
            if entry.experiment.method.name != method or loss is None or train is None or test is None:
                continue
            places.append((loss, 100 * (train - test), entry.settings.get("method.sigma", 0.0)))
            by_sigma[entry.settings.get("method.sigma", 0.0)].append(100 * test)
        if not places:
            continue
        x, y, sigmas = zip(*sorted(places), strict=True)
        told = {"mode": "markers", "text": [f"σ = {sigma}" for sigma in sigmas], "legendgroup": method, "marker": {"size": 9}}
        traces.append(line(x, y, method, METHOD_COLOURS[method], **told))
        right = {"xaxis": "x2", "yaxis": "y2", "legendgroup": method, "showlegend": False}
        traces.append(with_spread(by_sigma, method, METHOD_COLOURS[method], **right))
        traces[-2]["marker"]["color"] = METHOD_COLOURS[method]
    left = {"xaxis": axis("training loss", domain=[0, 0.46]), "yaxis": axis("training − test accuracy (points)")}
    other = {"xaxis2": axis("σ", domain=[0.54, 1]), "yaxis2": axis("test accuracy (%)", anchor="x2")}
    return figure("Trade-off between convergence and generalisation (figure 3)", traces, **left, **other)
