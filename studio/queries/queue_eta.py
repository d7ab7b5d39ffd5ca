"""Estimate when the runs in the queue will start, from how fast runs like them have been."""

from typing import Any

Row = dict[str, Any]
ALIKE = ("dataset", "train_size", "model", "method", "batch_size")
"""What two runs must have in common for one to tell how long the other takes."""


def queue_eta(waiting: list[Row], others: list[Row], slots: int) -> list[float | None]:
    """Seconds until each of the `waiting` rows begins; None where a run before it is unlike any that has been trained.

    `slots` runs are trained at the same time.
    """
    busy = [row["eta"] for row in others if row["active"]]
    free: list[float | None] = [*busy, *[0.0] * max(0, slots - len(busy))]
    found = []
    for row in waiting:
        first = None if None in free else min(time for time in free if time is not None)
        found.append(first)
        lasts = _duration(row, others)
        if first is None or lasts is None:
            free = [None]
        else:
            free[free.index(first)] = first + lasts
    return found


def _duration(row: Row, others: list[Row]) -> float | None:
    """Epochs to go × seconds per epoch of the newest run of the same kind."""
    for other in others:
        if other["epochs_done"] and all(other[key] == row[key] for key in ALIKE):
            return float((row["epochs"] - row["epochs_done"]) * other["seconds"] / other["epochs_done"])
    return None
