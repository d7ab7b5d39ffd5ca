"""Figure 4: the test accuracy over each hyper-parameter of the methods."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from studio.charts import METHOD_COLOURS
from studio.figures.drawing import axis, figure, with_spread
from studio.queries.listing import Entry

SYMBOLS = {"method.sigma": "σ", "method.lambda": "λ", "method.eta": "η", "method.beta": "β", "method.rho": "ρ"}


def hyperparameters(entries: Sequence[Entry]) -> dict[str, Any]:
    """A panel for each hyper-parameter of which the runs have several values; a mark is the mean of those that have one."""
    paths = [path for path in SYMBOLS if len({entry.settings[path] for entry in entries if path in entry.settings}) > 1]
    traces, layout = [], {}
    for at, path in enumerate(paths, start=1):
        number, width = "" if at == 1 else str(at), 1 / len(paths)
        for method in sorted({entry.experiment.method.name for entry in entries}):
            found = _by_value([one for one in entries if one.experiment.method.name == method], path)
            if found:
                look = {"xaxis": f"x{number}", "yaxis": f"y{number}", "legendgroup": method, "showlegend": at == 1}
                traces.append(with_spread(found, method, METHOD_COLOURS[method], **look))
        layout[f"xaxis{number}"] = axis(SYMBOLS[path], domain=[(at - 1) * width, (at - 0.25) * width])
        layout[f"yaxis{number}"] = axis("test accuracy (%)" if at == 1 else "", anchor=f"x{number}")
    return figure("Test accuracy over the hyper-parameters (figure 4)", traces, **layout)


def _by_value(entries: Sequence[Entry], path: str) -> dict[float, list[float]]:
    """The test accuracies in per cent of the runs that have each value of a field."""
    found = defaultdict[float, list[float]](list)
    for entry in entries:
        accuracy = entry.run.records.last("test/accuracy")
        if path in entry.settings and accuracy is not None:
            found[entry.settings[path]].append(100 * accuracy)
    return found
