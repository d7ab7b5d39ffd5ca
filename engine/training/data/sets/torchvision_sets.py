"""MNIST, Fashion-MNIST and CIFAR, in the files that torchvision keeps.

Addresses and sums are torchvision's own. Pickles are opened only after their sum has been checked.
"""

import math
import pickle
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.experiment.schema import Experiment
from engine.training.data.download.ensure import ensure
from engine.training.data.download.fetch import Archive
from engine.training.data.download.verify import damaged, verified
from engine.training.data.progress import Progress
from engine.training.data.types import ImageSet, Splits


def mnist(experiment: Experiment, data_dir: Path, progress: Progress) -> Splits:
    """LeCun et al. 1998, http://yann.lecun.com/exdb/mnist/."""
    from torchvision.datasets import MNIST

    return _idx(MNIST, experiment, data_dir, progress)


def fashion_mnist(experiment: Experiment, data_dir: Path, progress: Progress) -> Splits:
    """Xiao et al. 2017, https://arxiv.org/abs/1708.07747."""
    from torchvision.datasets import FashionMNIST

    return _idx(FashionMNIST, experiment, data_dir, progress)


def cifar10(experiment: Experiment, data_dir: Path, progress: Progress) -> Splits:
    """Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html."""
    from torchvision.datasets import CIFAR10

    return _cifar(CIFAR10, experiment, data_dir, progress)


def cifar100(experiment: Experiment, data_dir: Path, progress: Progress) -> Splits:
    """Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html."""
    from torchvision.datasets import CIFAR100

    return _cifar(CIFAR100, experiment, data_dir, progress)


def _idx(source: Any, experiment: Experiment, data_dir: Path, progress: Progress) -> Splits:
    """The sets of torchvision's class `source`, kept as one idx file of images and one of labels each."""
    raw = data_dir / source.__name__ / "raw"
    for name, md5 in source.resources:
        urls = tuple(f"{mirror}{name}" for mirror in source.mirrors)
        ensure(Archive(raw / name, (raw / name.removesuffix(".gz"),), urls, md5), experiment, data_dir, progress)
    train, test = (_idx_set(raw, part, len(source.classes)) for part in ("train", "t10k"))
    return Splits(train, test, tuple(name.partition(" - ")[0] for name in source.classes))


def _idx_set(raw: Path, part: str, classes: int) -> ImageSet:
    images = _read_idx(raw / f"{part}-images-idx3-ubyte", 3)
    labels = _read_idx(path := raw / f"{part}-labels-idx1-ubyte", 1).long()
    if len(labels) != len(images) or labels.max() >= classes:
        raise damaged(path)
    return ImageSet(images[:, None], labels)


def _read_idx(path: Path, dimensions: int) -> Tensor:
    """The array of bytes in an idx file: magic number, its sizes as big-endian integers, content."""
    content, start = verified(path), 4 + 4 * dimensions
    if content[:4] != bytes((0, 0, 8, dimensions)) or len(content) < start:
        raise damaged(path)
    sizes = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) != start + math.prod(sizes):
        raise damaged(path)
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=start).view(sizes)


def _cifar(source: Any, experiment: Experiment, data_dir: Path, progress: Progress) -> Splits:
    """The sets of torchvision's class `source`, kept as pickles of known sums."""
    holds = tuple(data_dir / name for name in experiment.dataset.files)
    archive = Archive(data_dir / source.filename, holds, (source.url,), source.tgz_md5)
    ensure(archive, experiment, data_dir, progress)
    folder, meta = data_dir / source.base_folder, source.meta
    progress(f"Reading {folder}", None)
    names = _unpickle(folder / meta["filename"], meta["md5"])[meta["key"]]
    train, test = (_cifar_set(folder, files) for files in (source.train_list, source.test_list))
    return Splits(train, test, tuple(names))


def _cifar_set(folder: Path, files: list[list[str]]) -> ImageSet:
    parts = [_unpickle(folder / name, md5) for name, md5 in files]
    images = np.concatenate([part["data"] for part in parts]).reshape(-1, 3, 32, 32)
    labels = np.concatenate([part["labels"] if "labels" in part else part["fine_labels"] for part in parts])
    return ImageSet(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))


def _unpickle(path: Path, md5: str) -> dict[str, Any]:
    content = verified(path, md5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # written by numpy 1
        unpickled: dict[str, Any] = pickle.loads(content, encoding="latin1")  # noqa: S301
    return unpickled
