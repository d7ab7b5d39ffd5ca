"""When which part of the training set is learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from engine.errors import Problem, Refused


class Place(NamedTuple):
    """The images of an update are the first `size` of its epoch's order after those `seen`."""

    epoch: int
    seen: int
    size: int


class Stretch(NamedTuple):
    """From the update that follows `step` on, `size` images a batch, beginning in the middle of an epoch or at its start."""

    step: int
    epoch: int
    seen: int
    size: int


@dataclass(frozen=True)
class Timetable:
    """Epochs of `count` images in batches, whose size may change at any update.

    A change keeps the images of the epoch that were not seen yet. The last, incomplete batch of an epoch is left out.
    """

    count: int
    stretches: tuple[Stretch, ...]

    @classmethod
    def of(cls, count: int, size: int) -> Self:
        """Batches of one size."""
        return cls(count, (Stretch(0, 0, 0, size),))

    def at(self, step: int) -> Place:
        """The place of the update that follows `step`."""
        stretch = next(stretch for stretch in reversed(self.stretches) if stretch.step <= step)
        done, left = step - stretch.step, self._left(stretch)
        if done < left:
            return Place(stretch.epoch, stretch.seen + done * stretch.size, stretch.size)
        epochs, rest = divmod(done - left, self.count // stretch.size)
        return Place(stretch.epoch + 1 + epochs, rest * stretch.size, stretch.size)

    def steps(self, epochs: int) -> int:
        """Updates in so many epochs, those of past batch sizes included."""
        last = self.stretches[-1]
        return last.step + self._left(last) + (epochs - last.epoch - 1) * (self.count // last.size)

    def progress(self, step: int, epochs: int) -> float:
        """The share of `epochs` that is over before the update that follows `step`."""
        epoch, seen, size = self.at(step)
        whole = self.count // size
        return (epoch * whole + min(seen / size, whole)) / (epochs * whole)

    def with_size(self, step: int, size: int) -> Self:
        """The same up to `step`, and batches of `size` from there on. Raises `Refused` if there are fewer images."""
        if size > self.count:
            what = f"one batch of {size} is more than the {self.count} training images"
            raise Refused(Problem("schedule.batch_size", what, f"Choose at most {self.count}"))
        epoch, seen, present = self.at(step)
        if size == present:
            return self
        earlier = (stretch for stretch in self.stretches if stretch.step < step)
        return type(self)(self.count, (*earlier, Stretch(step, epoch, seen, size)))

    def with_stretches(self, rows: Sequence[Sequence[int]]) -> Self:
        """Another history of batch sizes, from plain rows."""
        return type(self)(self.count, tuple(Stretch(*row) for row in rows))

    def course(self, epochs: int) -> list[tuple[int, float]]:
        """Steps and the epochs done by then, between which a straight line may be drawn."""
        knots = [stretch.step for stretch in self.stretches] + [self.steps(epochs)]
        return [(step, epochs * self.progress(step, epochs)) for step in knots]

    def _left(self, stretch: Stretch) -> int:
        """Updates up to the end of the epoch in which a stretch begins."""
        return (self.count - stretch.seen) // stretch.size
