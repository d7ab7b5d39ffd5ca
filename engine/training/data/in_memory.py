"""Batches of a set that lies on the device: varied and shuffled for training, plain for evaluation."""

from collections.abc import Iterator

import torch

from engine.experiment.schema import Experiment
from engine.training.data.augment import Normalisation
from engine.training.data.batch_schedule import BatchSchedule
from engine.training.data.randaugment import RandAugment
from engine.training.data.shuffle import Shuffle, chosen
from engine.training.data.transform import BatchTransform
from engine.training.data.types import Batch, ImageSet


class InMemoryTraining:
    """Independent streams of training batches, each batch a function of (seed, stream, step) alone.

    Different streams may be asked from different threads at the same time.
    """

    def __init__(self, train: ImageSet, experiment: Experiment, device: torch.device) -> None:
        self._order = Shuffle(len(train.labels), experiment.schedule.batch_size, experiment.root)
        randaugment = RandAugment(experiment.data.magnitude) if experiment.data.augmentation == "randaugment" else None
        self._variation = BatchTransform(experiment, device, randaugment)
        self._padded = self._variation.padded(train.images)
        self._labels = train.labels.to(device)

    @property
    def batch_schedule(self) -> BatchSchedule:
        """Which images belong to which step."""
        return self._order.batch_schedule

    def follow(self, batch_schedule: BatchSchedule) -> None:
        """Go by another timetable from the next batch on."""
        self._order.batch_schedule = batch_schedule

    @property
    def plain(self) -> ImageSet:
        """The images as they were given, on the device and without a second copy of them."""
        return ImageSet(self._variation.plain(self._padded), self._labels)

    def batch(self, stream: int, step: int) -> Batch:
        """The batch of `step`, counted from 0 over all epochs, in the order of `stream`."""
        index = self._order.indices(stream, step).to(self._labels.device)
        return self._variation.batch(self._padded, index, self._labels[index], stream, step)

    def seconds_waited(self) -> None:
        """Nothing is waited for: the images are there."""

    def close(self) -> None:
        """Nothing reads in the background."""


class InMemoryEvaluation:
    """Images as they are, normalised, in their stored order."""

    def __init__(self, image_set: ImageSet, experiment: Experiment, device: torch.device) -> None:
        self._seed = experiment.root
        self._normalise = Normalisation(experiment, device)
        self._images, self._labels = image_set.images.to(device), image_set.labels.to(device)
        self.count = len(image_set.labels)

    def batches(self, size: int = 512, limit: int | None = None) -> Iterator[Batch]:
        """All images in batches of `size`, or always the same `limit` of them, drawn at random."""
        for index in chosen(self.count, limit, self._seed).to(self._labels.device).split(size):
            yield Batch(self._normalise(self._images[index]), self._labels[index])
