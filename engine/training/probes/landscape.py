"""The loss over a plane through the weights (Li et al. 2018, https://arxiv.org/abs/1712.09913)."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.training.data import Sources
from engine.training.probes.decision import decision
from engine.training.probes.evaluate import average
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel


class LossLandscape:
    """Mean cross-entropy and accuracy, both (n, n) with rows along y, over offsets x and y (n,) from the weights.

    The directions are the same for a whole run and its forks, scaled to the filters as they are, so that two landscapes compare.
    """

    name = "landscape"
    title = "Measuring the loss landscape"
    coarsest = 5
    """Points along each side of the first grid at least."""
    finest = 101
    """Points along each side of the last grid at most."""

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """Measures point by point, coarse grids first; yields arrays when a grid is complete."""
        settings = learner.experiment.landscape
        model, batches = as_evaluated(learner, sources.plain), list(sources.plain.batches(limit=settings.images))
        n, seed = min(settings.resolution, self.finest), learner.experiment.root
        offsets = np.linspace(-settings.span, settings.span, n)
        loss, accuracy = np.full((n, n), np.nan), np.full((n, n), np.nan)
        across, along = direction(model, seed, "x"), direction(model, seed, "y")
        cosine = np.array((torch.dot(across, along) / (across.norm() * along.norm() + 1e-30)).item())
        center = model.weights.clone()
        boundary = decision(model) if learner.experiment.dataset.is_plane else {}
        done = 0
        for stride in strides(n, self.coarsest):
            chosen = np.arange(n // 2 % stride, n, stride)
            for row, column in ((int(r), int(c)) for r in chosen for c in chosen if np.isnan(loss[r, c])):
                torch.add(center, across, alpha=offsets[column], out=model.weights)
                model.weights.add_(along, alpha=offsets[row])
                loss[row, column], accuracy[row, column] = average(model, batches)
                done += 1
                yield Measured(done / n**2)
            grid = np.ix_(chosen, chosen)
            axes = {"x": offsets[chosen], "y": offsets[chosen]}
            arrays = {**axes, "loss": loss[grid], "accuracy": accuracy[grid], "cosine": cosine, **boundary}
            ends = {"lowest": extreme(np.min, loss), "highest": extreme(np.max, loss)}
            yield Measured(done / n**2, arrays=arrays, facts={"points": len(chosen), "done": stride == 1, **ends})


class LandscapeFrame(LossLandscape):
    """A landscape for a film of the training: coarse, and soon there."""

    name = "frame"
    title = "Filming the loss landscape"
    coarsest = 7
    finest = 13


def direction(model: FlatModel, seed: int, axis: str) -> Tensor:
    """A random Gaussian direction (d,), each filter scaled to the norm of the network's own; 1-d parameters stay put."""
    out, filters = fill_normal(torch.empty_like(model.weights), seed, "landscape", axis), model.filters()
    factors = filters.norms(model.weights, "skip") / (filters.norms(out, "skip") + 1e-30)
    torch._foreach_mul_(filters.rows(out), filters.columns(factors))
    return out


def extreme(least_or_most: Callable[[NDArray[np.float64]], np.float64], loss: NDArray[np.float64]) -> float | None:
    """The least or the most of what is a number; none where nothing is."""
    known = loss[np.isfinite(loss)]
    return float(least_or_most(known)) if len(known) else None


def strides(resolution: int, coarsest: int = LossLandscape.coarsest) -> list[int]:
    """Spacings of the nested grids, coarse to fine, that all contain the middle point."""
    found = [1]
    while (resolution // 2) // (2 * found[-1]) * 2 + 1 >= coarsest:
        found.append(2 * found[-1])
    return found[::-1]
