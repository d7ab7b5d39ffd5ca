"""Curve: one metric of a run in memory, thinned for whoever has not seen it yet."""

from array import array
from bisect import bisect_left, bisect_right
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from engine.runs.reader import Columns

_THINNER: Any = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]

POINTS = 1000
"""No message carries more points of one curve than this."""


class Curve:
    """Row id, step, value and seconds of one metric, as columns in the order written."""

    def __init__(self, rows: Columns | None = None) -> None:
        self._ids, self._steps, self._values, self._seconds = array("q"), array("q"), array("d"), array("d")
        self._columns: list[array[Any]] = [self._ids, self._steps, self._values, self._seconds]
        for column, read in zip(self._columns, rows or (), strict=False):
            column.frombytes(read.tobytes())

    @property
    def last(self) -> int:
        """Id of the newest row; 0 if there is none."""
        return self._ids[-1] if self._ids else 0

    def extend(self, other: "Curve") -> None:
        """Take in those rows of another that are newer than the newest here."""
        start = bisect_right(other._ids, self.last)
        for column, more in zip(self._columns, other._columns, strict=True):
            column.extend(more[start:])

    def sum(self, row_id: int) -> int | None:
        """A check sum of one row, to know it again; None if it is not here."""
        at = bisect_left(self._ids, row_id)
        if at == len(self._ids) or self._ids[at] != row_id:
            return None
        return crc32(repr([column[at] for column in self._columns]).encode())

    def after(self, row_id: int) -> dict[str, Any] | None:
        """The points written after `row_id`, with their extremes kept where they are too many; None if there are none."""
        start = bisect_right(self._ids, row_id)
        if start == len(self._ids):
            return None
        steps, values, seconds = (np.array(column[start:]) for column in (self._steps, self._values, self._seconds))
        chosen = thinned(steps, values)
        return {"step": steps[chosen], "value": values[chosen], "seconds": np.round(seconds[chosen], 3)}


def known(curve: Columns) -> Columns:
    """The points that have a value."""
    has_value = ~np.isnan(curve.values)
    return Columns(curve.ids[has_value], curve.steps[has_value], curve.values[has_value], curve.seconds[has_value])


def thinned(steps: NDArray[np.int64], values: NDArray[np.float64]) -> Any:
    """An index of at most `POINTS` of the points that keeps the extremes."""
    if len(steps) <= POINTS:
        return slice(None)
    return _THINNER.downsample(steps, np.nan_to_num(values, posinf=0.0, neginf=0.0), n_out=POINTS)
