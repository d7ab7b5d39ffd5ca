"""What a dataset is: stored images, and the batches made of them."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ImageSet:
    """Images as they are stored: `images` uint8 (N, C, H, W), `labels` int64 (N,)."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Splits:
    """A dataset: what is learned from, what is tested on, and the name of each class."""

    train: ImageSet
    test: ImageSet
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Batch:
    """Images as a network sees them: `images` float (N, C, H, W), normalised, `labels` int64 (N,), both on the device."""

    images: Tensor
    labels: Tensor
