"""Shuffle: the order of the images, a function of (seed, stream, epoch) alone."""

import torch
from torch import Tensor

from engine.training.data.batch_schedule import BatchSchedule
from engine.training.rng import generator


class Shuffle:
    """The batches of a `batch_schedule`; different streams may be asked from different threads at the same time."""

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self.batch_schedule, self._seed = BatchSchedule.of(count, batch_size), seed
        self._known: dict[int, tuple[int, Tensor]] = {}

    def indices(self, stream: int, step: int) -> Tensor:
        """The images (B,) of `step`, counted from 0 over all epochs, in the order of `stream`; on the CPU."""
        epoch, seen, size = self.batch_schedule.at(step)
        return self._epoch(stream, epoch)[seen : seen + size]

    def _epoch(self, stream: int, epoch: int) -> Tensor:
        """The permutation (N,) of an epoch; each stream remembers its last one."""
        known = self._known.get(stream)
        if known is None or known[0] != epoch:
            order = torch.randperm(self.batch_schedule.count, generator=generator("cpu", self._seed, "order", stream, epoch))
            known = self._known[stream] = (epoch, order)
        return known[1]


def chosen(count: int, limit: int | None, seed: int) -> Tensor:
    """All of `count` indices, or always the same `limit` of them drawn at random, in ascending order."""
    if limit is None or limit >= count:
        return torch.arange(count)
    return torch.randperm(count, generator=generator("cpu", seed, "evaluate"))[:limit].sort().values
