"""The loss over a plane through the weights (Li et al. 2018, https://arxiv.org/abs/1712.09913)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.training.data import Sources
from engine.training.probes.decision import decision
from engine.training.probes.evaluate import average
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.probes.weight_path import WeightPath, project
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel
from engine.training.weights.principal import principal_directions

MARGIN = 1.2
"""How far a plane through the path of the weights reaches, in units of what is farthest away on it."""


@dataclass(frozen=True)
class Plane:
    """Offsets x·across + y·along with |x|, |y| ≤ reach from the weights."""

    across: Tensor
    along: Tensor
    reach: float
    more: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """What else is known of it."""

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """What is kept beside what is measured on it."""
        norms = self.across.norm() * self.along.norm() + 1e-30
        return {"cosine": np.array((torch.dot(self.across, self.along) / norms).item()), **self.more}


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
        n, plane = min(settings.resolution, self.finest), self.plane(learner, model)
        offsets, across, along = np.linspace(-plane.reach, plane.reach, n), plane.across, plane.along
        loss, accuracy = np.full((n, n), np.nan), np.full((n, n), np.nan)
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
            arrays = {**axes, "loss": loss[grid], "accuracy": accuracy[grid], **plane.arrays, **boundary}
            ends = {"lowest": extreme(np.min, loss), "highest": extreme(np.max, loss)}
            yield Measured(done / n**2, arrays=arrays, facts={"points": len(chosen), "done": stride == 1, **ends})

    def plane(self, learner: Learner, model: FlatModel) -> Plane:
        """Where to look."""
        root = learner.experiment.root
        return Plane(direction(model, root, "x"), direction(model, root, "y"), learner.experiment.landscape.span)


class LandscapeFrame(LossLandscape):
    """A landscape for a film of the training: coarse, and soon there, with the path of the weights so far."""

    name = "frame"
    title = "Filming the loss landscape"
    coarsest = 7
    finest = 13

    def __init__(self, path: WeightPath) -> None:
        self._path = path

    def plane(self, learner: Learner, model: FlatModel) -> Plane:
        """The one that the experiment asks for, with the path (n, 2) of `path_steps` (n,), projected onto it by least squares.

        That of the path itself can only be had once there are two directions to it (Li et al. 2018, section 7).
        """
        offsets = self._path.offsets(model.weights)
        plane = super().plane(learner, model)
        if learner.experiment.landscape.film_plane == "path" and len(offsets) > 2:
            across, along, explained = principal_directions(offsets)
            reach = MARGIN * float(np.abs(project(offsets, across, along)).max())
            plane = Plane(across, along, max(reach, 1e-6), {"explained": np.array(explained)})
        path = {"path": project(offsets, plane.across, plane.along), "path_steps": np.array(self._path.steps, float)}
        return replace(plane, more={**plane.more, **path} if len(offsets) else plane.more)


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
