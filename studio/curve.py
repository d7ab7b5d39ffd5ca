"""Curve: one metric of a run in memory, thinned for whoever has not seen it yet."""

from array import array
from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from engine.records import Metric

_THINNER: Any = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]

POINTS = 1000
"""No message carries more points of one curve than this."""


class Curve:
    """Row id, step, value and seconds of one metric, as columns in the order written."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._steps = array("q")
        self._values = array("d")
        self._seconds = array("d")

    def append(self, row: Metric) -> None:
        self._ids.append(row.id)
        self._steps.append(row.step)
        self._values.append(float("nan") if row.value is None else row.value)  # SQLite keeps NaN as NULL
        self._seconds.append(row.seconds)

    def after(self, row_id: int) -> dict[str, Any] | None:
        """The points written after `row_id`, with their extremes kept where they are too many; None if there are none."""
        start = bisect_right(self._ids, row_id)
        if start == len(self._ids):
            return None
        steps, values, seconds = (np.array(column[start:]) for column in (self._steps, self._values, self._seconds))
        chosen = thinned(steps, values)
        return {"step": steps[chosen], "value": values[chosen], "seconds": np.round(seconds[chosen], 3)}


def thinned(steps: NDArray[np.int64], values: NDArray[np.float64]) -> Any:
    """An index of at most `POINTS` of the points that keeps the extremes."""
    if len(steps) <= POINTS:
        return slice(None)
    return _THINNER.downsample(steps, np.nan_to_num(values, posinf=0.0, neginf=0.0), n_out=POINTS)
