"""The perturbation itself: how large ε is in each layer, beside the weights there, and how much past gradients damp it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from engine.methods.base import Adaptive
from engine.methods.rwp import RWP
from engine.training.data import Sources
from engine.training.probes.flatness import own_noise
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.probes.surroundings import Perturbation, Surroundings
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel
from engine.training.weights.perturbations import Ascent, FilterNoise

EDGES = np.linspace(-8, 1, 46)
"""Of the bins of log₁₀|ε|; what is smaller or larger is counted in the outermost."""


class PerturbationByLayer:
    """‖ε⁽ˡ⁾‖ beside ‖w⁽ˡ⁾‖ and the histogram of |ε| for each parameter tensor l, and ARWP's damping of it (eq. 15).

    ε is what the method would add now: its noise, or an ascent step of length ρ. For a method that has neither it is RWP's noise
    at the σ of the flatness gauges.
    """

    name = "perturbation"
    title = "Measuring the perturbation"

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """The last yield has `weights` and `epsilon` (layers,), `edges` (bins + 1,) and `histogram` (layers, bins), in shares.

        The event has the names of the layers, which perturbation it is, and where there is one the mean damping of each layer.
        """
        settings = learner.experiment.perturbation
        model, batches = as_evaluated(learner, sources.plain), list(sources.plain.batches(limit=settings.images))
        around = Surroundings.of(model, batches, learner.experiment.root)
        called, perturbations = perturbation_of(learner, around, settings.draws)
        norms, counts = np.zeros(len(model.names)), np.zeros((len(model.names), len(EDGES) - 1))
        for draw, perturbation in enumerate(perturbations):
            perturbation.write(out := torch.empty_like(around.center), around.center)
            for at, layer in enumerate(model.views(out.sub_(around.center))):
                norms[at] += layer.norm().item() ** 2 / len(perturbations)
                counts[at] += histogram(layer)
            yield Measured((draw + 1) / len(perturbations))
        arrays = {
            "weights": np.array([layer.norm().item() for layer in model.views(around.center)]),
            "epsilon": norms**0.5,
            "edges": EDGES,
            "histogram": counts / counts.sum(1, keepdims=True),
        }
        yield Measured(1.0, arrays=arrays, facts={"done": True, "layers": model.names, "of": called, **damping(learner, model)})


def perturbation_of(learner: Learner, around: Surroundings, draws: int) -> tuple[str, list[Perturbation]]:
    """What the perturbation is, in words, and as many of it as there are draws."""
    method = learner.experiment.method
    noise = own_noise(learner, around.model).get("own_noise")
    if noise is None and (rho := getattr(method, "rho", None)) is not None:
        return f"an ascent step of length ρ = {rho:g}", [Ascent(around.gradient(), rho)]
    called = f"the noise of {method.name}"
    if noise is None:
        sigma = learner.experiment.flatness.sigma
        called = f"RWP's noise at σ = {sigma:g}, for {method.name} draws none"
        noise = FilterNoise(around.model, RWP(), sigma, torch.zero_)
    return called, [replace(noise, draw=filling(around.root, draw)) for draw in range(draws)]


class Fills(Protocol):
    """Fills a vector (d,) with N(0, 1)."""

    def __call__(self, out: Tensor, /) -> Tensor: ...


def filling(root: int, draw: int) -> Fills:
    """The draw of that number."""
    return lambda out: fill_normal(out, root, "perturbation", draw)


def histogram(layer: Tensor) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How many elements lie in each bin (bins,)."""
    logarithms = layer.abs().clamp(min=1e-30).log10().clamp(EDGES[0], EDGES[-1]).double().cpu().numpy()
    return np.histogram(logarithms, EDGES)[0].astype(np.float64)


def damping(learner: Learner, model: FlatModel) -> dict[str, list[float]]:
    """The mean factor 1/(1 + ηv)^p over the filters of each layer, for a method that has one."""
    noise = own_noise(learner, model).get("own_noise")
    if not isinstance(learner.experiment.method, Adaptive) or noise is None or noise.damping is None:
        return {}
    columns = model.filters(noise.settings.position_embeddings).columns(noise.damping())
    return {"damping": [float(f"{column.mean().item():.4g}") for column in columns]}
