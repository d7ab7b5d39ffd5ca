"""Batch schedule: which images belong to which step, with batch sizes that may change on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from engine.errors import Problem, Refused

MOST = 100
"""Changes of the batch size of which an epoch curve tells."""


class Position(NamedTuple):
    """The images of a step are the first `size` of its epoch's order after those `seen`."""

    epoch: int
    seen: int
    size: int


class Segment(NamedTuple):
    """From the step that follows `step` on, `size` images a batch, beginning in the middle of an epoch or at its start."""

    step: int
    epoch: int
    seen: int
    size: int


@dataclass(frozen=True)
class BatchSchedule:
    """Epochs of `count` images in batches, whose size may change at any step.

    A change keeps the images of the epoch that were not seen yet. The last, incomplete batch of an epoch is left out.
    """

    count: int
    segments: tuple[Segment, ...]

    @classmethod
    def of(cls, count: int, size: int) -> Self:
        """Batches of one size."""
        return cls(count, (Segment(0, 0, 0, size),))

    def at(self, step: int) -> Position:
        """The place of the step that follows `step`."""
        segment = next(segment for segment in reversed(self.segments) if segment.step <= step)
        done, left = step - segment.step, self._left(segment)
        if done < left:
            return Position(segment.epoch, segment.seen + done * segment.size, segment.size)
        epochs, rest = divmod(done - left, self.count // segment.size)
        return Position(segment.epoch + 1 + epochs, rest * segment.size, segment.size)

    def steps(self, epochs: int) -> int:
        """Steps in so many epochs, those of past batch sizes included."""
        last = self.segments[-1]
        return last.step + self._left(last) + (epochs - last.epoch - 1) * (self.count // last.size)

    def progress(self, step: int, epochs: int) -> float:
        """The share of `epochs` that is over before the step that follows `step`."""
        done, whole = self._done(step)
        return done / (epochs * whole)

    def epochs_done(self, step: int) -> float:
        """The epochs that are over before the step that follows `step`."""
        done, whole = self._done(step)
        return done / whole

    def with_size(self, step: int, size: int) -> Self:
        """The same up to `step`, and batches of `size` from there on. Raises `Refused` if there are fewer images.

        Of several changes at one step the last one counts, whatever lay between.
        """
        if size > self.count:
            what = f"one batch of {size} is more than the {self.count} training images"
            raise Refused(Problem("schedule.batch_size", what, f"Choose at most {self.count}"))
        if step == 0:
            return self.of(self.count, size)
        before = type(self)(self.count, tuple(segment for segment in self.segments if segment.step < step))
        epoch, seen, present = before.at(step)
        if size == present:
            return before
        return type(self)(self.count, (*before.segments, Segment(step, epoch, seen, size)))

    def with_segments(self, rows: Sequence[Sequence[int]]) -> Self:
        """Another history of batch sizes, from plain rows."""
        return type(self)(self.count, tuple(Segment(*row) for row in rows))

    def epoch_curve(self, epochs: int) -> list[tuple[int, float]]:
        """Steps and the epochs done by then, with straight lines between, right to within a step.

        A step at which the size was changed is there twice where less images are left out with the one size than with the other.
        Of more than `MOST` changes the newest are told.
        """
        first = max(len(self.segments) - MOST, 0)
        ends = [segment.step for segment in self.segments[first + 1 :]] + [self.steps(epochs)]
        knots = [(0, 0.0)]
        for last, end in enumerate(ends, first):
            segment, until = self.segments[last], type(self)(self.count, self.segments[: last + 1])
            bend = min(segment.step + self._left(segment), end) if segment.seen else segment.step
            steps = {segment.step, bend, end}
            knots += [(step, until.epochs_done(step)) for step in sorted(steps)]
        return list(dict.fromkeys(knots))

    def _left(self, segment: Segment) -> int:
        """Steps up to the end of the epoch in which a segment begins."""
        return (self.count - segment.seen) // segment.size

    def _done(self, step: int) -> tuple[float, int]:
        """What is over before the step that follows `step`, and an epoch, in steps of its batch size."""
        epoch, seen, size = self.at(step)
        whole = self.count // size
        return epoch * whole + min(seen / size, whole), whole
