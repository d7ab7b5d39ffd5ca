"""Flatness gauges: how much the loss rises under random noise and in the worst direction, and the trace of the Hessian."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from engine.methods.base import Adaptive, RandomPerturbation
from engine.methods.rwp import RWP
from engine.training.data import Batch, Sources
from engine.training.probes.evaluate import average
from engine.training.probes.hessian import HessianProducts
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel
from engine.training.weights.perturbations import Ascent, Damping, FilterNoise


class Flatness:
    """E[L(w+ε)] − L(w), L(w + ρ∇L/‖∇L‖) − L(w) and tr H, of the mean loss L over training images.

    ε is RWP's noise at a fixed σ, whatever trains, so that methods compare; and for a method that draws noise its own as well, as
    large and as damped as it is then.
    """

    name = "flatness"
    title = "Measuring flatness"

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """The last yield has the values, each mean with its standard error; kept are those of every draw."""
        settings = learner.experiment.flatness
        model, batches = as_evaluated(learner, sources.plain), list(sources.plain.batches(limit=settings.images))
        around = Surroundings(model, batches, model.weights.clone(), learner.experiment.root, average(model, batches)[0])
        noises = {"noise": FilterNoise(model, RWP(), settings.sigma, torch.zero_), **own_noise(learner, model)}
        found = {name: np.zeros(settings.draws) for name in (*noises, "trace")}
        for draw in range(settings.draws):
            for name, noise in noises.items():
                found[name][draw] = yield from around.rise(noise, draw, draw / settings.draws)
            found["trace"][draw] = yield from around.trace(draw, (draw + 0.5) / settings.draws)
        scalars = {"flatness/worst": around.worst(settings.rho)}
        for name, values in found.items():
            scalars[f"flatness/{name}"] = float(values.mean())
            scalars[f"flatness/{name}_error"] = float(values.std(ddof=1) / len(values) ** 0.5)
        yield Measured(1.0, scalars, found, {"done": True, **scalars})


def own_noise(learner: Learner, model: FlatModel) -> dict[str, FilterNoise]:
    """The noise that the method of `learner` would draw now, on `model`, by the name of its gauge; none if it draws none."""
    method = learner.experiment.method
    if not isinstance(method, RandomPerturbation) or not (sigma := method.sigma_at(learner.progress)):
        return {}
    damped = Damping(learner.past, method.eta, method.adaptive_exponent)() if isinstance(method, Adaptive) else None
    return {"own_noise": FilterNoise(model, method, sigma, torch.zero_, None if damped is None else lambda: damped)}


@dataclass(frozen=True)
class Surroundings:
    """The loss around the weights `center`, at which it leaves the model."""

    model: FlatModel
    batches: list[Batch]
    center: Tensor
    root: int
    base: float
    """The loss at the weights."""

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
        Ascent(self._gradient(), rho).write(self.model.weights, self.center)
        risen = self.loss() - self.base
        self.model.weights.copy_(self.center)
        return risen

    def loss(self) -> float:
        return average(self.model, self.batches)[0]

    def _gradient(self) -> Tensor:
        weights = [p for p in self.model.module.parameters() if p.requires_grad]
        images, found = sum(map(len, self.batches)), torch.zeros_like(self.center)
        for batch in self.batches:
            loss = torch.nn.functional.cross_entropy(self.model.module(batch.images), batch.labels)
            parts = torch.autograd.grad(loss, weights)
            found += torch.cat([part.reshape(-1) for part in parts]) * (len(batch) / images)
        return found
