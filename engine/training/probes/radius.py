"""The loss against the radius of a perturbation, at random and along the gradient (figure 1 of the paper)."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from engine.methods.rwp import RWP
from engine.training.data import Sources
from engine.training.probes.flatness import own_noise
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.probes.surroundings import Surroundings
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel
from engine.training.weights.perturbations import Ascent, FilterNoise


class LossAgainstRadius:
    """The mean loss at w + ε over log-spaced ‖ε‖₂: for every kind of noise, and one ascent step away.

    A draw of noise is stretched to each radius in turn; with it goes its mirror image, so that linear terms cancel.
    """

    name = "radius"
    title = "Measuring the loss against the radius"

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """The last yield has `radius` (n,), `ascent` (n,), for each kind of noise its draws (draws, n), and `loss` at w."""
        settings = learner.experiment.radius
        model, batches = as_evaluated(learner, sources.plain), list(sources.plain.batches(limit=settings.images))
        around = Surroundings.of(model, batches, learner.experiment.root)
        radii = np.geomspace(settings.nearest, settings.farthest, settings.points) * around.center.norm().item()
        noises = kinds(learner, model)
        found = {name: np.zeros((settings.draws, settings.points)) for name in noises}
        for draw in range(settings.draws):
            for name, noise in noises.items():
                direction = unit(noise, around, draw)
                for at, radius in enumerate(radii):
                    found[name][draw, at] = around.on_both_sides(direction * radius)
                    yield Measured((draw + at / len(radii)) / settings.draws)
        gradient = around.gradient()
        ascent = np.array([around.at(Ascent(gradient, radius)) for radius in radii])
        arrays = {"radius": radii, "ascent": ascent, "loss": np.array(around.base), **found}
        yield Measured(1.0, arrays=arrays, facts={"done": True, "draws": settings.draws})


def kinds(learner: Learner, model: FlatModel) -> dict[str, FilterNoise]:
    """Every distribution of noise there is, by name, and the one of the method that trains, as it is now damped."""
    plain = {
        "filter": RWP(distribution="filter"),
        "filter_rms": RWP(distribution="filter-rms"),
        "isotropic": RWP(distribution="isotropic"),
    }
    noises = {name: FilterNoise(model, settings, 1.0, torch.zero_) for name, settings in plain.items()}
    own = own_noise(learner, model).get("own_noise")
    return noises if own is None or own.damping is None else {**noises, "damped": own}


def unit(noise: FilterNoise, around: Surroundings, draw: int) -> Tensor:
    """A draw of the noise, of length 1 (d,)."""
    drawn = replace(noise, draw=lambda out: fill_normal(out, around.root, "radius", draw))
    drawn.write(out := torch.empty_like(around.center), around.center)
    out.sub_(around.center)
    return out.div_(out.norm().clamp(min=1e-30))
