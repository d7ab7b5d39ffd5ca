"""Batches of a set that lies on the device: varied and shuffled for training, plain for evaluation."""

from collections.abc import Iterator

import torch
from torch import Tensor

from engine.datasets.augment import Augmentation, Normalisation
from engine.datasets.images import Batch, ImageSet
from engine.experiment import Experiment
from engine.randomness import generator


class TrainingData:
    """Independent streams of training batches, each batch a function of (seed, stream, step) alone.

    Random numbers are drawn on the CPU, so every device sees the same images.
    Different streams may be asked from different threads at the same time.
    """

    def __init__(self, train: ImageSet, experiment: Experiment, device: torch.device) -> None:
        self._seed, self._batch_size = experiment.seed, experiment.schedule.batch_size
        self._augmentation = Augmentation.of(experiment)
        self._normalise = Normalisation(experiment, device)
        self._side = (train.images.shape[2], train.images.shape[3])
        self._padded = self._augmentation.padded(train.images.to(device))
        self._labels = train.labels.to(device)
        self._orders: dict[int, tuple[int, Tensor]] = {}
        self.steps_per_epoch = len(train.labels) // self._batch_size

    def batch(self, stream: int, step: int) -> Batch:
        """The batch of `step`, counted from 0 over all epochs, in the order of `stream`."""
        epoch, position = divmod(step, self.steps_per_epoch)
        index = self._order(stream, epoch)[position * self._batch_size : (position + 1) * self._batch_size]
        source = generator("cpu", self._seed, "augment", stream, step)
        draws = self._augmentation.draw(len(index), *self._side, source).to(self._labels.device)
        images = self._normalise(self._augmentation.views(self._padded, index, draws))
        return Batch(self._augmentation.blank(images, draws), self._labels[index])

    def _order(self, stream: int, epoch: int) -> Tensor:
        """The permutation (N,) of an epoch; each stream remembers its last one."""
        known = self._orders.get(stream)
        if known is None or known[0] != epoch:
            order = torch.randperm(len(self._labels), generator=generator("cpu", self._seed, "order", stream, epoch))
            known = self._orders[stream] = (epoch, order.to(self._labels.device))
        return known[1]


class EvaluationData:
    """Images as they are, normalised, in their stored order."""

    def __init__(self, image_set: ImageSet, experiment: Experiment, device: torch.device) -> None:
        self._seed = experiment.seed
        self._normalise = Normalisation(experiment, device)
        self._images, self._labels = image_set.images.to(device), image_set.labels.to(device)
        self.count = len(image_set.labels)

    def batches(self, size: int = 512, limit: int | None = None) -> Iterator[Batch]:
        """All images in batches of `size`, or always the same `limit` of them, drawn at random."""
        for index in self._chosen(limit).split(size):
            yield Batch(self._normalise(self._images[index]), self._labels[index])

    def _chosen(self, limit: int | None) -> Tensor:
        order = torch.arange(self.count)
        if limit is not None and limit < self.count:
            order = torch.randperm(self.count, generator=generator("cpu", self._seed, "evaluate"))[:limit].sort().values
        return order.to(self._labels.device)
