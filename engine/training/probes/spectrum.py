"""The sharpness: the eigenvalue λ₁ of the Hessian of the loss of largest magnitude."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from engine.training.data import Sources
from engine.training.probes.hessian import HessianProducts, Lanczos
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner


class Sharpness:
    """λ₁ and its residual ‖Hv − λ₁v‖ / |λ₁|: there is an eigenvalue within that of λ₁, relative to it.

    Each measurement begins with the eigenvector of the one before, near which it still is.
    """

    name = "spectrum"
    title = "Measuring the sharpness λ₁"

    def __init__(self) -> None:
        self._vector: Tensor | None = None

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """Goes on until the residual is below the tolerance; keeps λ₁ and residual after every product."""
        settings = learner.experiment.spectrum
        model = as_evaluated(learner, sources.plain)
        hessian = HessianProducts(model, list(sources.plain.batches(limit=settings.images)))
        found: list[tuple[float, float]] = []
        lanczos = Lanczos(self._start(learner, model.weights))
        while lanczos.residual >= settings.tolerance and len(found) < settings.iterations:
            lanczos.take((yield from hessian.times(lanczos.asked, len(found) / settings.iterations)))
            found.append((lanczos.value, lanczos.residual))
        self._vector = lanczos.vector
        scalars = {"sharpness/lambda_1": found[-1][0], "sharpness/residual": found[-1][1]}
        arrays = dict(zip(("lambda_1", "residual"), np.array(found).T, strict=True))
        yield Measured(1.0, scalars, arrays, {"done": True, "iterations": len(found), **scalars})

    def _start(self, learner: Learner, weights: Tensor) -> Tensor:
        known = self._vector
        if known is not None and known.shape == weights.shape and known.device == weights.device:
            return known.to(weights.dtype)
        return fill_normal(torch.empty_like(weights), learner.experiment.root, "spectrum")
