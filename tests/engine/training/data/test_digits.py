"""The digits of scikit-learn."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from engine.catalogue import DATASETS
from engine.experiment.schema import read
from engine.training.data import Splits, load
from engine.training.data.sets import digits


def loaded(seed: int = 0) -> Splits:
    return load(read({"seed": seed}), Path("nowhere"), lambda _message, _fraction: None)


def test_they_are_those_of_scikit_learn() -> None:
    pixels, labels = load_digits(return_X_y=True)
    splits = loaded()
    images = torch.cat([splits.train.images, splits.test.images]).flatten(1).numpy()
    expected = {
        (bytes(np.rint(image * 255 / 16).astype(np.uint8)), int(label)) for image, label in zip(pixels, labels, strict=True)
    }
    found = {
        (bytes(image), int(label))
        for image, label in zip(images, torch.cat([splits.train.labels, splits.test.labels]), strict=True)
    }
    assert found == expected
    assert len(images) == 1797


def test_the_split_is_stratified_and_the_same_for_every_seed() -> None:
    splits, other = loaded(), loaded(seed=7)
    assert splits.train.images.shape == (1437, 1, 8, 8)
    assert splits.test.images.shape == (360, 1, 8, 8)
    assert splits.train.images.dtype == torch.uint8
    assert splits.test.labels.bincount().tolist() == pytest.approx([36] * 10, abs=1)
    assert torch.equal(splits.test.images, other.test.images)
    assert torch.equal(splits.train.labels, other.train.labels)
    assert splits.classes == tuple("0123456789")


def test_the_catalogue_row_is_true() -> None:
    images, row = loaded().train.images.double() / 255, DATASETS["digits"]
    assert (len(images), tuple(images.shape[1:])) == (row.train_images, row.shape)
    assert row.mean == pytest.approx([float(images.mean())], abs=1e-4)
    assert row.std == pytest.approx([float(images.std())], abs=1e-4)


def test_they_load_without_importing_scikit_learn_or_torchvision() -> None:
    code = (
        "import sys; from pathlib import Path; from engine.training.data import load; from engine.experiment.schema import read\n"
        "splits = load(read({}), Path('nowhere'), lambda message, fraction: None)\n"
        "print(len(splits.train.labels), *sorted({'sklearn', 'torchvision', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1437"]


def test_the_documented_function_gives_the_same_table() -> None:
    assert np.array_equal(digits._imported_table(), digits._table())
