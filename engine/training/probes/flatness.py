"""Flatness gauges: how much the loss rises under random noise and in the worst direction, and the trace of the Hessian."""

from collections.abc import Iterator

import numpy as np
import torch

from engine.methods.base import Adaptive, RandomPerturbation
from engine.methods.rwp import RWP
from engine.training.data import Sources
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.probes.surroundings import Surroundings
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel
from engine.training.weights.perturbations import Damping, FilterNoise


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
        around = Surroundings.of(model, batches, learner.experiment.root)
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
