"""Averages of the weights over the training, and BatchNorm statistics that fit given weights."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from engine.experiment.optimization import Averaging
from engine.training.data import Batch
from engine.training.weights.flat_model import FlatModel


class WeightAverage:
    """An exponential moving average over steps, or the mean over the ends of epochs after a start (SWA).

    An epoch that ends because the batch size is made larger than what is left of it is not in the mean.

    `weights` (d,) is the average so far, `count` how many sets of weights are in it.
    """

    def __init__(self, settings: Averaging, weights: Tensor) -> None:
        self._settings = settings
        self.weights = weights.clone()
        self.count = 0

    def after_step(self, weights: Tensor, progress: float, epoch_ended: bool) -> None:
        """Take the weights after a step into the average."""
        if self._settings.kind == "ema":
            self._take(weights, max(1 - self._settings.decay, 1 / (self.count + 1)))
        elif epoch_ended and progress > self._settings.start:
            self._take(weights, 1 / (self.count + 1))

    def state_dict(self) -> dict[str, Tensor | int]:
        return {"weights": self.weights, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.weights.copy_(state["weights"])
        self.count = state["count"]

    def _take(self, weights: Tensor, share: float) -> None:
        self.weights.lerp_(weights, share)
        self.count += 1


@torch.no_grad()
def recalibrate(model: FlatModel, batches: Iterable[Batch]) -> None:
    """Set BatchNorm's running statistics to their mean over all images of `batches` at the model's weights."""
    norms = [m for m in model.module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
    model.module.train()
    seen = 0
    for batch in _of_two_or_more(batches):
        seen += len(batch)
        for norm in norms:
            norm.momentum = len(batch) / seen
        model.module(batch.images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _of_two_or_more(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same images, of which none is by itself: a single one may have no variance."""
    held: Batch | None = None
    for batch in batches:
        if held is not None and len(batch) > 1 and len(held) > 1:
            yield held
            held = None
        held = batch if held is None else held.and_with(batch)
    if held is not None:
        yield held
