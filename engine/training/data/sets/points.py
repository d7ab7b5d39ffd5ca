"""Points in the plane, whose decision boundary can be seen: moons and circles of scikit-learn, and two spirals."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.catalogue.datasets import POINTS, REACH
from engine.experiment.schema import Experiment
from engine.training.data.progress import Progress
from engine.training.data.split import split
from engine.training.data.types import ImageSet, Splits

NOISE = {"moons": 0.2, "circles": 0.1, "spirals": 0.05}
TURNS = 1.25
"""Of each spiral around the origin."""
Cloud = tuple[NDArray[np.float64], NDArray[np.int64]]


def load(experiment: Experiment, _data_dir: Path, _progress: Progress) -> Splits:
    """Half of the points to learn from and half to test on, the same whatever the seed: (N, 2, 1, 1).

    They are stored in steps of 2 REACH σ / 255; what lies beyond the plane is moved to its edge.
    """
    points, classes = CLOUDS[experiment.data.name](2 * POINTS)
    scaled = (points - points.mean(0)) / points.std(0)
    images = torch.from_numpy(np.rint((scaled.clip(-REACH, REACH) / REACH + 1) * 127.5).astype(np.uint8)).view(-1, 2, 1, 1)
    labels = torch.from_numpy(classes)
    train, test = split(labels, POINTS)
    return Splits(ImageSet(images[train], labels[train]), ImageSet(images[test], labels[test]), ("0", "1"))


def moons(count: int) -> Cloud:
    from sklearn.datasets import make_moons

    points, classes = make_moons(count, noise=NOISE["moons"], random_state=0)
    return points, classes.astype(np.int64)


def circles(count: int) -> Cloud:
    from sklearn.datasets import make_circles

    points, classes = make_circles(count, noise=NOISE["circles"], factor=0.5, random_state=0)
    return points, classes.astype(np.int64)


def spirals(count: int) -> Cloud:
    """Two spirals r = t, φ = 2π·TURNS·t + π·class, with t uniform in [0.1, 1]."""
    random = np.random.default_rng(0)
    classes = np.arange(count) % 2
    radius = random.uniform(0.1, 1.0, count)
    angle = 2 * np.pi * TURNS * radius + np.pi * classes
    points = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points + random.normal(0, NOISE["spirals"], points.shape), classes


CLOUDS: dict[str, Callable[[int], Cloud]] = {"moons": moons, "circles": circles, "spirals": spirals}
