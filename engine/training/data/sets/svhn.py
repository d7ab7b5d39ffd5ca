"""Street View House Numbers (Netzer et al. 2011, http://ufldl.stanford.edu/housenumbers/), in torchvision's files."""

import io
from pathlib import Path

import numpy as np
import torch

from engine.experiment.schema import Experiment
from engine.training.data.download.ensure import ensure
from engine.training.data.download.fetch import Archive
from engine.training.data.download.verify import verified
from engine.training.data.progress import Progress
from engine.training.data.types import ImageSet, Splits


def load(experiment: Experiment, data_dir: Path, progress: Progress) -> Splits:
    """73257 training and 26032 test images (3, 32, 32)."""
    train, test = (_provided(part, experiment, data_dir, progress) for part in ("train", "test"))
    return Splits(train, test, tuple(str(digit) for digit in range(10)))


def _provided(part: str, experiment: Experiment, data_dir: Path, progress: Progress) -> ImageSet:
    from torchvision.datasets import SVHN

    url, name, md5 = SVHN.split_list[part]
    path = data_dir / name
    ensure(Archive(path, (path,), (url,), md5), experiment, data_dir, progress)
    progress(f"Reading {path}", None)
    return _decoded(verified(path, md5))


def _decoded(content: bytes) -> ImageSet:
    """The arrays of a MATLAB file: X (32, 32, 3, N), and y (N, 1), in which the digit 0 is called 10."""
    from scipy.io import loadmat

    arrays = loadmat(io.BytesIO(content))
    images, labels = arrays["X"].transpose(3, 2, 0, 1), arrays["y"].reshape(-1).astype(np.int64) % 10
    return ImageSet(torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(labels))
