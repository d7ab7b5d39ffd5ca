"""Sources of batches for training and for evaluation, in memory or on disk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch

from engine.experiment.schema import Experiment
from engine.training.data.batch_schedule import BatchSchedule
from engine.training.data.in_memory import InMemoryEvaluation, InMemoryTraining
from engine.training.data.types import Batch, FileSet, ImageSet, Splits


class TrainingSource(Protocol):
    """Shuffled and varied batches, as many as are wanted."""

    @property
    def batch_schedule(self) -> BatchSchedule:
        """Which images belong to which step."""
        ...

    def follow(self, batch_schedule: BatchSchedule) -> None:
        """Go by another timetable from the next batch on."""
        ...

    def batch(self, stream: int, step: int) -> Batch:
        """The batch of `step`, counted from 0 over all epochs, in the order of `stream`."""
        ...

    def seconds_waited(self) -> float | None:
        """Seconds spent waiting for images since this was last asked; None for a set that need not be waited for."""
        ...

    def close(self) -> None:
        """End whatever reads images; the next batch begins it anew."""
        ...


class EvaluationSource(Protocol):
    """Images as they are."""

    count: int

    def batches(self, *, limit: int | None = None) -> Iterator[Batch]:
        """All images, or always the same `limit` of them, drawn at random. Unreadable ones are left out."""
        ...


@dataclass(frozen=True)
class Sources:
    """What is learned from, the same images as they are, and what is tested on."""

    training: TrainingSource
    plain: EvaluationSource
    test: EvaluationSource

    @classmethod
    def of(
        cls, splits: Splits, experiment: Experiment, device: torch.device, faulty: Callable[[str, str, int], None]
    ) -> "Sources":
        """The images of `splits`. `faulty` is told of files that turn out to be no picture: name, reason, how many so far."""
        if isinstance(splits.train, ImageSet) and isinstance(splits.test, ImageSet):
            data = InMemoryTraining(splits.train, experiment, device)
            return cls(data, *(InMemoryEvaluation(images, experiment, device) for images in (data.plain, splits.test)))
        assert isinstance(splits.train, FileSet)
        assert isinstance(splits.test, FileSet)
        from engine.training.data.from_disk import OnDiskEvaluation, OnDiskTraining
        from engine.training.data.reader import Faults

        faults = Faults(faulty)
        plain, test = (OnDiskEvaluation(files, experiment, device, faults) for files in (splits.train, splits.test))
        return cls(OnDiskTraining(splits.train, experiment, device, faults), plain, test)
