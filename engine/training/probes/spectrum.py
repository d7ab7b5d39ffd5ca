"""The largest eigenvalue λ₁ of the Hessian of the loss, by power iteration with exact Hessian-vector products."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.training.data import Batch, Sources
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel


class Sharpness:
    """λ₁, the eigenvalue of largest magnitude, and its residual ‖Hv − λ₁v‖ / |λ₁|: there is an eigenvalue within that of λ₁."""

    name = "spectrum"
    title = "Measuring the sharpness λ₁"

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """Iterates until the residual is below the tolerance; keeps λ₁ and residual of every iteration."""
        settings = learner.experiment.spectrum
        model, batches = as_evaluated(learner, sources.plain), list(sources.plain.batches(limit=settings.images))
        images = sum(len(batch) for batch in batches)
        found: list[tuple[float, float]] = []
        product = fill_normal(torch.empty_like(model.weights), learner.experiment.root, "spectrum")
        for done in range(settings.iterations):
            vector, product = product / product.norm(), torch.zeros_like(product)
            for batch in batches:
                product += hessian_times(model, batch, vector) * (len(batch) / images)
                yield Measured(done / settings.iterations)
            largest = torch.dot(vector, product)
            residual = (product - largest * vector).norm() / largest.abs().clamp(min=1e-30)
            found.append((largest.item(), residual.item()))
            if residual < settings.tolerance or not product.any():
                break
        scalars = {"sharpness/lambda_1": found[-1][0], "sharpness/residual": found[-1][1]}
        arrays = dict(zip(("lambda_1", "residual"), np.array(found).T, strict=True))
        yield Measured(1.0, scalars, arrays, {"done": True, "iterations": len(found), **scalars})


def hessian_times(model: FlatModel, batch: Batch, vector: Tensor) -> Tensor:
    """Hv (d,), H being the Hessian of the mean cross-entropy on `batch` (Pearlmutter 1994)."""
    weights = [p for p in model.module.parameters() if p.requires_grad]
    with sdpa_kernel(SDPBackend.MATH):  # fused attention has no second derivative
        loss = torch.nn.functional.cross_entropy(model.module(batch.images), batch.labels)
        gradient = torch.autograd.grad(loss, weights, create_graph=True)
        parts = torch.autograd.grad(gradient, weights, model.views(vector), materialize_grads=True)
    return torch.cat([part.reshape(-1) for part in parts])
