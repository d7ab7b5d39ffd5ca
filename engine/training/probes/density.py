"""The density of the Hessian's eigenvalues by stochastic Lanczos quadrature (Ghorbani et al. 2019, https://arxiv.org/abs/1901.10159)."""

from collections.abc import Generator, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.training.data import Sources
from engine.training.probes.hessian import HessianProducts, Lanczos, Quadrature
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner

MOST_BYTES = 8e8
"""Of the vectors that Lanczos' method keeps."""
TOP = 10
"""So many of the largest eigenvalues are told, with their residuals."""
WIDTH = 0.01
"""Standard deviation of the bell in whose place each eigenvalue is drawn, as a share of the range of all."""
PLACES = 512


class Density:
    """The density of all eigenvalues, those of largest magnitude with residuals, and the trace with its standard error.

    Each start vector v of ±1 gives nodes θ and weights whose sum over f(θ) is vᵀf(H)v / d in expectation.
    """

    name = "density"
    title = "Measuring the density of the eigenvalues"

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """The last yield has `nodes` and `weights` (draws, m), `places` and `density` (512,), `top` and `top_residual` (k,)."""
        settings = learner.experiment.density
        model = as_evaluated(learner, sources.plain)
        hessian = HessianProducts(model, list(sources.plain.batches(limit=settings.images)))
        count, found = steps(model.weights, settings.iterations), list[Quadrature]()
        for draw in range(settings.draws):
            signs = fill_normal(torch.empty_like(model.weights), learner.experiment.root, "density", draw).sign_()
            found.append((yield from quadrature(hessian, signs, count, (draw / settings.draws, 1 / settings.draws))))
        nodes, weights = (np.stack(parts) for parts in zip(*((one.nodes, one.weights) for one in found), strict=True))
        places = np.linspace(nodes.min(), nodes.max(), PLACES)
        top, residual = largest(found[0])
        traces = len(model.weights) * (nodes * weights).sum(1)
        facts = {"trace": float(traces.mean()), "trace_error": float(traces.std(ddof=1) / len(traces) ** 0.5)}
        arrays = {"nodes": nodes, "weights": weights, "places": places, "density": smooth(nodes, weights, places)}
        arrays |= {"top": top, "top_residual": residual}
        yield Measured(1.0, arrays=arrays, facts={"done": True, "iterations": count, "lambda_1": float(top[0]), **facts})


def steps(weights: Tensor, wanted: int) -> int:
    """How many vectors may be kept, of those that are wanted."""
    return max(2, min(wanted, len(weights), int(MOST_BYTES // (weights.element_size() * len(weights)))))


def quadrature(
    hessian: HessianProducts, start: Tensor, count: int, progress: tuple[float, float]
) -> Generator[Measured, None, Quadrature]:
    """The quadrature of `count` products from `start`; `progress` is what is done before it, and its own share."""
    lanczos = Lanczos(start, most=count + 1)
    for step in range(count):
        lanczos.take((yield from hessian.times(lanczos.asked, progress[0] + progress[1] * step / count)))
    return lanczos.quadrature


def largest(one: Quadrature) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The nodes of largest magnitude with their residuals, those first that are largest."""
    order = np.abs(one.nodes).argsort()[::-1][:TOP]
    return one.nodes[order], one.residuals[order]


def smooth(nodes: NDArray[np.float64], weights: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean density of all draws at `places` (n,), each node in the form of a bell."""
    width = max(WIDTH * (places[-1] - places[0]), 1e-30)
    bells = np.exp(-0.5 * ((places[:, None] - nodes.reshape(-1)) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    found: NDArray[np.float64] = bells @ weights.reshape(-1) / len(nodes)
    return found
