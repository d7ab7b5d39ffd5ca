"""What the worker processes of a streamed set do: read pictures, crop them, and put batches together."""

import multiprocessing
import os
from dataclasses import dataclass
from functools import cache
from threading import Thread
from typing import Any, NamedTuple, Protocol

import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import Dataset

from engine.training.data.picture import TooLarge, Unreadable, decoded, pixels
from engine.training.data.types import FileSet
from engine.training.rng import start

THIN = 16
"""From how many times as long as wide a picture is thin."""


class Key(NamedTuple):
    """A picture to read, and the seed of its crop."""

    number: int
    seed: int = 0


class Fault(NamedTuple):
    """A file that is no usable picture, and why."""

    file: str
    reason: str


class Sample(NamedTuple):
    """A picture as uint8 (3, S, S), None if there was none, and what could not be read on the way to it."""

    image: Tensor | None
    label: int
    faults: list[Fault]


@dataclass(frozen=True)
class RawBatch:
    """A batch before it is normalised: `images` uint8 (N, 3, S, S), `labels` int64 (N,)."""

    images: Tensor
    labels: Tensor
    faults: list[Fault]

    @classmethod
    def of(cls, samples: list[Sample]) -> "RawBatch":
        """The batch of all samples that have a picture."""
        there = [(sample.image, sample.label) for sample in samples if sample.image is not None]
        images = torch.stack([image for image, _ in there]) if there else torch.empty(0, dtype=torch.uint8)
        return cls(images, torch.tensor([label for _, label in there]), [fault for s in samples for fault in s.faults])

    def pin_memory(self) -> "RawBatch":
        return RawBatch(self.images.pin_memory(), self.labels.pin_memory(), self.faults)


class Crop(Protocol):
    """Makes a square of a picture, as uint8 (3, S, S)."""

    def __call__(self, image: Image.Image, seed: int) -> Tensor: ...


@dataclass(frozen=True)
class MiddleCrop:
    """The middle of the picture, 7/8 of its shorter side, as is usual for testing on ImageNet (224 of 256 pixels)."""

    size: int

    def __call__(self, image: Image.Image, seed: int) -> Tensor:  # noqa: ARG002 - nothing is random here
        from torchvision.transforms.v2.functional import center_crop, resize

        return pixels(center_crop(resize(_middle(image), [self.size * 8 // 7]), [self.size]))


def _middle(image: Image.Image) -> Image.Image:
    """The picture, or of one that is long and thin the part around its middle, so that it is not enlarged whole."""
    short = min(image.size)
    if max(image.size) <= THIN * short:
        return image
    return ImageOps.fit(image, (min(image.width, 2 * short), min(image.height, 2 * short)), Image.Resampling.NEAREST)


@dataclass(frozen=True)
class RandomCrop:
    """A part of the picture of random place, size and shape (Szegedy et al. 2015), and RandAugment of some `magnitude`."""

    size: int
    magnitude: int | None

    def __call__(self, image: Image.Image, seed: int) -> Tensor:
        with torch.random.fork_rng(devices=[]):
            start(torch.default_generator, seed)
            return pixels(_random_transform(self.size, self.magnitude)(image))


@cache
def _random_transform(size: int, magnitude: int | None) -> Any:
    from torchvision.transforms import v2

    crop = v2.RandomResizedCrop(size)
    return crop if magnitude is None else v2.Compose([crop, v2.RandAugment(magnitude=magnitude)])


class ImageFiles(Dataset[Sample]):
    """The pictures of `files`, cropped. For one that cannot be read stands the next that can, up to `attempts` files on."""

    def __init__(self, files: FileSet, crop: Crop, attempts: int) -> None:
        self._files, self._crop, self._attempts = files, crop, attempts

    def __getitem__(self, key: Key) -> Sample:
        faults: list[Fault] = []
        for offset in range(self._attempts):
            index = (key.number + offset) % len(self._files.labels)
            path = self._files.path(index)
            try:
                return Sample(self._crop(decoded(path), key.seed), int(self._files.labels[index]), faults)
            except (Unreadable, TooLarge) as error:
                faults.append(Fault(str(path), str(error)))
        return Sample(None, 0, faults)


def end_with_training(_worker: int) -> None:
    """Watch, in a worker process, for the end of the training: if it is killed, nobody else would end the worker."""
    training = multiprocessing.parent_process()
    assert training is not None

    def watch() -> None:
        training.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
