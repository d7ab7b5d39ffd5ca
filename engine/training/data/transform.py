"""Transform the images of a batch as they are stored to those that a network learns from."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from engine.experiment.schema import Experiment
from engine.experiment.seeds import seed_for
from engine.training.data.augment import Augmentation, Normalisation
from engine.training.data.randaugment import RandAugment
from engine.training.data.types import Batch
from engine.training.rng import generator


class BatchTransform:
    """Varies, normalises and blends images as the experiment says, as a function of (seed, stream, step) alone.

    Random numbers are drawn on the CPU, so every device sees the same images.
    """

    def __init__(self, experiment: Experiment, device: torch.device, randaugment: RandAugment | None = None) -> None:
        self._seed, self._mixup, self._device = experiment.root, experiment.data.mixup, device
        self._augmentation = Augmentation.of(experiment)
        self._randaugment = randaugment
        self._normalise = Normalisation(experiment, device)

    def padded(self, images: Tensor) -> Tensor:
        """Stored `images` (N, C, H, W) as `batch` wants them."""
        return self._augmentation.padded(images.to(self._device))

    def plain(self, padded: Tensor) -> Tensor:
        """The images (N, C, H, W) in `padded`, without copying them."""
        return self._augmentation.unpadded(padded)

    def batch(self, padded: Tensor, index: Tensor, labels: Tensor, stream: int, step: int) -> Batch:
        """The images `index` (B,) of the padded set, whose labels are `labels` (B,)."""
        height, width = self.plain(padded).shape[2:]
        source = generator("cpu", self._seed, "augment", stream, step)
        draws = self._augmentation.draw(len(index), height, width, source)
        images = self._augmentation.views(padded, index, draws)
        if self._randaugment is not None:
            images = self._randaugment(images, seed_for(self._seed, "randaugment", stream, step))
        images = self._augmentation.blank(self._normalise(images), draws)
        seed = seed_for(self._seed, "dropout", stream, step)
        return self._mixed(Batch(images, labels, seed=lambda: seed), stream, step)

    def _mixed(self, batch: Batch, stream: int, step: int) -> Batch:
        """Mixup (Zhang et al. 2018, https://arxiv.org/abs/1710.09412): s·x + (1 − s)·x[π], s ~ Beta(α, α), π a permutation."""
        if not self._mixup:
            return batch
        what = ("mixup", stream, step)
        share = float(np.random.default_rng(seed_for(self._seed, *what)).beta(self._mixup, self._mixup))
        order = torch.randperm(len(batch.labels), generator=generator("cpu", self._seed, *what)).to(self._device)
        images = batch.images.lerp(batch.images[order], 1 - share)
        return replace(batch, images=images, partners=batch.labels[order], share=share, rest=1 - share)
