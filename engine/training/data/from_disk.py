"""Batches of a set that stays in its files, with the interface of a set that lies on the device."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import torch

from engine.errors import Problem, Refused
from engine.experiment.data import ImageNet
from engine.experiment.schema import Experiment
from engine.experiment.seeds import seed_for
from engine.training.data.augment import Normalisation
from engine.training.data.batch_schedule import BatchSchedule
from engine.training.data.decode import ImageFiles, Key, MiddleCrop, RandomCrop, RawBatch
from engine.training.data.reader import Faults, Reader
from engine.training.data.shuffle import Shuffle, chosen
from engine.training.data.transform import BatchTransform
from engine.training.data.types import Batch, FileSet

IN_A_ROW = 100
"""Files that may be unusable one after another."""


@dataclass
class Reading:
    """How far a stream is: the last step that was asked for, its batch, and those that follow."""

    step: int
    raw: RawBatch
    rest: Iterator[RawBatch]


class OnDiskTraining:
    """Independent streams of training batches, each batch a function of (seed, stream, step) alone.

    Steps are meant to be asked for one after another: others are right as well, but nothing is ready for them.
    """

    def __init__(self, files: FileSet, experiment: Experiment, device: torch.device, faults: Faults) -> None:
        data = experiment.data
        assert isinstance(data, ImageNet)
        crop = RandomCrop(data.image_size, data.magnitude if data.augmentation == "randaugment" else None)
        self._reader = Reader(ImageFiles(files, crop, min(IN_A_ROW, len(files.labels))), data.workers, device, faults)
        self._order = Shuffle(len(files.labels), experiment.schedule.batch_size, experiment.root)
        self._variation = BatchTransform(experiment, device)
        self._seed, self._device, self._waited = experiment.root, device, 0.0
        self._streams: dict[int, Reading] = {}

    @property
    def batch_schedule(self) -> BatchSchedule:
        """Which images belong to which step."""
        return self._order.batch_schedule

    def follow(self, batch_schedule: BatchSchedule) -> None:
        """Go by another timetable from the next batch on; what was read ahead by the old one is dropped."""
        if batch_schedule != self._order.batch_schedule:
            self.close()
        self._order.batch_schedule = batch_schedule

    def batch(self, stream: int, step: int) -> Batch:
        """The batch of `step`, counted from 0 over all epochs, in the order of `stream`."""
        before = time.perf_counter()
        raw = self._raw(stream, step)
        self._waited += time.perf_counter() - before
        padded = self._variation.padded(raw.images)
        labels = raw.labels.to(self._device, non_blocking=True)
        return self._variation.batch(padded, torch.arange(len(labels), device=self._device), labels, stream, step)

    def seconds_waited(self) -> float:
        """Seconds spent waiting for pictures since this was last asked."""
        seconds, self._waited = self._waited, 0.0
        return seconds

    def close(self) -> None:
        """End all processes."""
        self._streams.clear()

    def _raw(self, stream: int, step: int) -> RawBatch:
        known = self._streams.get(stream)
        if known is not None and known.step == step:
            return known.raw
        rest = known.rest if known is not None and known.step == step - 1 else self._opened(stream, step)
        raw = next(rest)
        if len(raw.labels) < len(self._order.indices(stream, step)):
            raise _useless(raw)
        self._streams[stream] = Reading(step, raw, rest)
        return raw

    def _opened(self, stream: int, step: int) -> Iterator[RawBatch]:
        self._streams.pop(stream, None)
        return self._reader.batches(self._keys(stream, later) for later in count(step))

    def _keys(self, stream: int, step: int) -> list[Key]:
        numbers = self._order.indices(stream, step).tolist()
        return [Key(number, seed_for(self._seed, "crop", stream, step, place)) for place, number in enumerate(numbers)]


class OnDiskEvaluation:
    """The readable ones of some images as they are, normalised, in their stored order."""

    def __init__(self, files: FileSet, experiment: Experiment, device: torch.device, faults: Faults) -> None:
        data = experiment.data
        assert isinstance(data, ImageNet)
        self._reader = Reader(ImageFiles(files, MiddleCrop(data.image_size), 1), data.workers, device, faults)
        self._seed, self._device = experiment.root, device
        self._normalise = Normalisation(experiment, device)
        self.count = len(files.labels)

    def batches(self, size: int = 128, limit: int | None = None) -> Iterator[Batch]:
        """All images in batches of `size`, or always the same `limit` of them, drawn at random."""
        numbers = chosen(self.count, limit, self._seed).split(size)
        seen, raw = 0, None
        for raw in self._reader.batches([Key(number) for number in part.tolist()] for part in numbers):
            seen += len(raw.labels)
            if len(raw.labels):
                yield Batch(self._normalise(raw.images.to(self._device)), raw.labels.to(self._device))
        if not seen and raw is not None:
            raise _useless(raw)


def _useless(raw: RawBatch) -> Refused:
    first = raw.faults[0]
    what = f"{len(raw.faults)} images could not be read, the first of them {first.file} ({first.reason})"
    return Refused(Problem("data.path", what, "Replace or remove the broken images"))
