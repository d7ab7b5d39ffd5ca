"""Image sets, splits and batches."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.experiment.portions import parts
from engine.experiment.seeds import SeedNow, derived


@dataclass(frozen=True)
class ImageSet:
    """Images as they are stored: `images` uint8 (N, C, H, W), `labels` int64 (N,)."""

    images: Tensor
    labels: Tensor

    def take(self, index: Tensor) -> "ImageSet":
        return ImageSet(self.images[index], self.labels[index])


@dataclass(frozen=True)
class FileSet:
    """Images that stay in their files until they are wanted: `names` (N,) below `root`, `labels` int64 (N,)."""

    root: Path
    names: NDArray[np.bytes_]
    labels: Tensor

    def take(self, index: Tensor) -> "FileSet":
        return FileSet(self.root, self.names[index.numpy()], self.labels[index])

    def path(self, index: int) -> Path:
        return self.root / bytes(self.names[index]).decode(errors="surrogateescape")


@dataclass(frozen=True)
class Splits:
    """A dataset: what is learned from, what is tested on, the name of each class, and files left out with the reason."""

    train: ImageSet | FileSet
    test: ImageSet | FileSet
    classes: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Batch:
    """Images as a network sees them: `images` float (N, C, H, W), normalised, `labels` int64 (N,), both on the device.

    Where images are mixed up, each holds `share` of an image of `labels` and `rest` of one of `partners` (N,).
    """

    images: Tensor
    labels: Tensor
    partners: Tensor | None = None
    share: float | Tensor = 1.0
    rest: float | Tensor = 0.0
    seed: SeedNow = lambda: 0
    """Of what is random within a network that sees this batch (dropout): two gradients of one batch share it."""

    def to(self, device: torch.device) -> "Batch":
        """The same on a device, copied only if it is not there."""
        partners = None if self.partners is None else self.partners.to(device)
        return replace(self, images=self.images.to(device), labels=self.labels.to(device), partners=partners)

    def __len__(self) -> int:
        return len(self.labels)

    def and_with(self, other: "Batch") -> "Batch":
        """The images of both as they are."""
        return Batch(torch.cat([self.images, other.images]), torch.cat([self.labels, other.labels]))

    def split(self, sizes: list[int]) -> "list[Batch]":
        """Consecutive pieces of so many images each, all of them together."""
        partners = [None] * len(sizes) if self.partners is None else self.partners.split(sizes)
        pieces = zip(self.images.split(sizes), self.labels.split(sizes), partners, strict=True)
        return [
            Batch(images, labels, others, self.share, self.rest, derived(self.seed, "piece", index))
            for index, (images, labels, others) in enumerate(pieces)
        ]

    def parts(self, count: int) -> "list[Batch]":
        """`count` pieces of as equal a size as can be, or one an image where there are fewer."""
        return self.split(parts(len(self), min(count, len(self)))) if count > 1 else [self]

    def share_of(self, index: int, count: int) -> "Batch":
        """Share `index` of `count` equal ones, a part of the same whole: its seed stays that of all images."""
        if count == 1:
            return self
        size = len(self.labels) // count
        rows = slice(index * size, (index + 1) * size)
        partners = None if self.partners is None else self.partners[rows]
        return replace(self, images=self.images[rows], labels=self.labels[rows], partners=partners)
