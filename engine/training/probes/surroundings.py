"""The loss around given weights: what the gauges of flatness look at."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from engine.training.data import Batch
from engine.training.probes.evaluate import average
from engine.training.probes.hessian import HessianProducts
from engine.training.probes.probe import Measured
from engine.training.rng import fill_normal
from engine.training.weights.flat_model import FlatModel
from engine.training.weights.perturbations import Ascent, FilterNoise


class Perturbation(Protocol):
    """An ε that depends on the weights."""

    def write(self, out: Tensor, w: Tensor) -> Tensor:
        """Put w + ε (d,) into `out` and return ‖ε‖₂."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """The loss around the weights `center`, at which it leaves the model."""

    model: FlatModel
    batches: list[Batch]
    center: Tensor
    root: int
    base: float
    """The loss at the weights."""

    @classmethod
    def of(cls, model: FlatModel, batches: list[Batch], root: int) -> "Surroundings":
        """Around the weights that `model` has now."""
        return cls(model, batches, model.weights.clone(), root, average(model, batches)[0])

    def rise(self, noise: FilterNoise, draw: int, fraction: float) -> Generator[Measured, None, float]:
        """The mean rise at w + ε and w − ε, whose linear terms cancel."""
        drawn = replace(noise, draw=lambda out: fill_normal(out, self.root, "flatness", draw))
        risen = -self.base
        for perturbation in (drawn, -drawn):
            perturbation.write(self.model.weights, self.center)
            risen += self.loss() / 2
            yield Measured(fraction)
        self.model.weights.copy_(self.center)
        return risen

    def trace(self, draw: int, fraction: float) -> Generator[Measured, None, float]:
        """vᵀHv with v of ±1, whose mean is the trace (Hutchinson 1990)."""
        signs = fill_normal(torch.empty_like(self.center), self.root, "trace", draw).sign_()
        product = yield from HessianProducts(self.model, self.batches).times(signs, fraction)
        return torch.dot(signs, product).item()

    def worst(self, rho: float) -> float:
        """The rise one ascent step of length ρ away (SAM, eq. 7)."""
        return self.at(Ascent(self.gradient(), rho)) - self.base

    def at(self, perturbation: Perturbation) -> float:
        """The loss at w + ε."""
        perturbation.write(self.model.weights, self.center)
        found = self.loss()
        self.model.weights.copy_(self.center)
        return found

    def on_both_sides(self, step: Tensor) -> float:
        """The mean of the loss at w + `step` and at w − `step` (d,), in which linear terms cancel."""
        found = 0.0
        for sign in (1.0, -1.0):
            torch.add(self.center, step, alpha=sign, out=self.model.weights)
            found += self.loss() / 2
        self.model.weights.copy_(self.center)
        return found

    def loss(self) -> float:
        return average(self.model, self.batches)[0]

    def gradient(self) -> Tensor:
        """Of the loss at the weights (d,)."""
        weights = [p for p in self.model.module.parameters() if p.requires_grad]
        images, found = sum(map(len, self.batches)), torch.zeros_like(self.center)
        for batch in self.batches:
            loss = torch.nn.functional.cross_entropy(self.model.module(batch.images), batch.labels)
            parts = torch.autograd.grad(loss, weights)
            found += torch.cat([part.reshape(-1) for part in parts]) * (len(batch) / images)
        return found
