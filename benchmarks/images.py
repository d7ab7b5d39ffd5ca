"""Flip, crop, Cutout and normalisation of CIFAR's images: ours on whole batches, torchvision's on one PIL image after another."""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks.cases import Case, experiment, on_threads
from engine.training.data import ImageSet, InMemoryTraining

CASE = Case("small-cnn", 32, 128)


def pixels(count: int) -> Tensor:
    return torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)


def batched(count: int) -> Callable[[], object]:
    """All images once, by the engine's way, on two threads."""
    data = InMemoryTraining(
        ImageSet(pixels(count), torch.zeros(count, dtype=torch.int64)), experiment(CASE, "sgd"), torch.device("cpu")
    )
    return on_threads(2, lambda: [data.batch(0, step) for step in range(data.batch_schedule.steps(1))])


class OneByOne(Dataset[tuple[Tensor, int]]):
    """What the usual training script does."""

    def __init__(self, count: int) -> None:
        self.images = [Image.fromarray(image) for image in np.asarray(pixels(count).permute(0, 2, 3, 1))]
        self.transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize((0.49, 0.48, 0.45), (0.25, 0.24, 0.26)),
                transforms.RandomErasing(1.0, scale=(0.25, 0.25), ratio=(1, 1)),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.images[index]), 0


def in_process(count: int) -> Callable[[], object]:
    loader = DataLoader(OneByOne(count), CASE.batch_size, shuffle=True)
    return on_threads(1, lambda: list(loader))


def in_loader(count: int, workers: int) -> Callable[[], object]:
    loader = DataLoader(OneByOne(count), CASE.batch_size, shuffle=True, num_workers=workers, persistent_workers=True)
    return on_threads(1, lambda: list(loader))
