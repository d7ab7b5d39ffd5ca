"""The loss over a plane through the weights (Li et al. 2018, https://arxiv.org/abs/1712.09913)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.experiment.runtime import Landscape
from engine.files.atomic import write_atomically
from engine.training.data import Batch
from engine.training.probes.evaluate import average
from engine.training.rng import fill_normal
from engine.training.weights.flat_model import FlatModel

COARSEST = 5


@dataclass(frozen=True)
class Surface:
    """Mean cross-entropy and accuracy, both (n, n) with rows along y, over offsets x and y (n,) from the weights."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    cosine: float
    done: bool

    def save(self, path: Path) -> None:
        content = io.BytesIO()
        np.savez(content, x=self.x, y=self.y, loss=self.loss, accuracy=self.accuracy, cosine=self.cosine)
        write_atomically(path, content.getvalue())


def direction(replica: FlatModel, seed: int, axis: str) -> Tensor:
    """A random Gaussian direction (d,), each filter scaled to the norm of the network's own; 1-d parameters stay put."""
    out, filters = fill_normal(torch.empty_like(replica.weights), seed, "landscape", axis), replica.filters()
    factors = filters.norms(replica.weights, "skip") / (filters.norms(out, "skip") + 1e-30)
    torch._foreach_mul_(filters.rows(out), filters.columns(factors))
    return out


def strides(resolution: int) -> list[int]:
    """Spacings of the nested grids, coarse to fine, that all contain the middle point."""
    found = [1]
    while (resolution // 2) // (2 * found[-1]) * 2 + 1 >= COARSEST:
        found.append(2 * found[-1])
    return found[::-1]


def measure(replica: FlatModel, batches: list[Batch], settings: Landscape, seed: int) -> Iterator[tuple[float, Surface | None]]:
    """Measure point by point, coarse grids first; yields the fraction done, and a surface when a grid is complete.

    The replica must be the probe's own: its weights are moved about.
    """
    n = settings.resolution
    offsets = np.linspace(-settings.span, settings.span, n)
    loss, accuracy = np.full((n, n), np.nan), np.full((n, n), np.nan)
    across, along = direction(replica, seed, "x"), direction(replica, seed, "y")
    cosine = float(torch.dot(across, along) / (across.norm() * along.norm() + 1e-30))
    center = replica.weights.clone()
    replica.module.eval()
    done = 0
    for stride in strides(n):
        chosen = np.arange(n // 2 % stride, n, stride)
        for row, column in ((int(r), int(c)) for r in chosen for c in chosen if np.isnan(loss[r, c])):
            torch.add(center, across, alpha=offsets[column], out=replica.weights)
            replica.weights.add_(along, alpha=offsets[row])
            loss[row, column], accuracy[row, column] = average(replica, batches)
            done += 1
            yield done / n**2, None
        grid = np.ix_(chosen, chosen)
        yield done / n**2, Surface(offsets[chosen], offsets[chosen], loss[grid], accuracy[grid], cosine, stride == 1)
