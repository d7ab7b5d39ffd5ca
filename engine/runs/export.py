"""Export: everything a run recorded, as plain data."""

from typing import Any

from engine.runs.run import Run


def export(run: Run) -> dict[str, Any]:
    """Configuration, status, metrics, events and summary of a run."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for metric in run.records.metrics():
        curves.setdefault(metric.name, []).append((metric.step, metric.value))
    return {
        "config": run.experiment.model_dump(),
        "status": run.status().model_dump(),
        "metrics": curves,
        "events": [event._asdict() for event in run.records.events()],
        "summary": summary(curves),
    }


def summary(curves: dict[str, list[tuple[int, float]]]) -> dict[str, float]:
    """The last value of every curve, and the best test accuracy."""
    last = {name: points[-1][1] for name, points in curves.items()}
    if accuracies := curves.get("test/accuracy"):
        last["test/best_accuracy"] = max(value for _, value in accuracies)
    return last
