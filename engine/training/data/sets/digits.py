"""The handwritten digits that come with scikit-learn (Alpaydin & Kaynak 1998, https://doi.org/10.24432/C50P49)."""

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.experiment.schema import Experiment
from engine.training.data.progress import Progress
from engine.training.data.split import split
from engine.training.data.types import ImageSet, Splits

TEST_IMAGES = 360


def load(_experiment: Experiment, _data_dir: Path, _progress: Progress) -> Splits:
    """1437 training and 360 test images (1, 8, 8), split the same way whatever the seed of the experiment."""
    table = _table()
    images = torch.from_numpy(np.rint(table[:, :-1] * (255 / 16)).astype(np.uint8)).view(-1, 1, 8, 8)
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    train, test = split(labels, TEST_IMAGES)
    return Splits(
        ImageSet(images[train], labels[train]), ImageSet(images[test], labels[test]), tuple(str(digit) for digit in range(10))
    )


def _table() -> NDArray[np.uint8]:
    """Rows (1797, 65) of 64 pixels from 0 to 16 and a label.

    Read from scikit-learn's own file: importing scikit-learn takes more than a second, this takes 10 ms.
    """
    package = importlib.util.find_spec("sklearn")
    if package is not None and package.origin is not None:
        file = Path(package.origin).with_name("datasets") / "data" / "digits.csv.gz"
        if file.is_file():
            with gzip.open(file, "rt") as lines:
                return np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    return _imported_table()


def _imported_table() -> NDArray[np.uint8]:
    """The same through scikit-learn's documented function, should the file move."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return np.column_stack([pixels, labels]).astype(np.uint8)
