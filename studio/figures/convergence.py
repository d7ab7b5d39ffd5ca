"""Figure 2: how the training loss falls and the test accuracy rises over the epochs."""

from collections.abc import Sequence
from typing import Any

from studio.charts import METHOD_COLOURS
from studio.figures.drawing import axis, figure, labels, line
from studio.queries.listing import Entry
from studio.queries.overlay import overlay


def convergence(entries: Sequence[Entry]) -> dict[str, Any]:
    """A curve for each group, the mean over its seeds, on the left the loss and on the right the accuracy."""
    names, traces = labels(entries), []
    for drawn in overlay(entries):
        for metric, axes in (("train_eval/loss", {}), ("test/accuracy", {"xaxis": "x2", "yaxis": "y2"})):
            if (curve := drawn["curves"].get(metric)) is None:
                continue
            epochs = [step * drawn["per_step"]["epochs"] for step in curve["step"]]
            values = [100 * one if axes and one is not None else one for one in curve["value"]]
            look = {"mode": "lines", "showlegend": not axes, "legendgroup": drawn["group"], **axes}
            traces.append(line(epochs, values, names[drawn["group"]], METHOD_COLOURS[drawn["method"]], **look))
    left = {"xaxis": axis("epoch", domain=[0, 0.46]), "yaxis": axis("training loss", type="log")}
    right = {"xaxis2": axis("epoch", domain=[0.54, 1]), "yaxis2": axis("test accuracy (%)", anchor="x2")}
    return figure("Training loss and test accuracy (figure 2)", traces, **left, **right)
