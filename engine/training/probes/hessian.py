"""Products of the Hessian of the loss and a vector, and what Lanczos' method tells from them."""

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.training.data import Batch
from engine.training.probes.probe import Measured
from engine.training.weights.flat_model import FlatModel

NEGLIGIBLE = 1e-30


def hessian_times(model: FlatModel, batch: Batch, vector: Tensor) -> Tensor:
    """Hv (d,), H being the Hessian of the mean cross-entropy on `batch` (Pearlmutter 1994)."""
    weights = [p for p in model.module.parameters() if p.requires_grad]
    with sdpa_kernel(SDPBackend.MATH):  # fused attention has no second derivative
        loss = torch.nn.functional.cross_entropy(model.module(batch.images), batch.labels)
        gradient = torch.autograd.grad(loss, weights, create_graph=True)
        parts = torch.autograd.grad(gradient, weights, model.views(vector), materialize_grads=True)
    return torch.cat([part.reshape(-1) for part in parts])


@dataclass(frozen=True)
class HessianProducts:
    """The Hessian of the mean loss over all images of `batches`, as a linear map."""

    model: FlatModel
    batches: list[Batch]

    def times(self, vector: Tensor, fraction: float) -> Generator[Measured, None, Tensor]:
        """Hv (d,); yields `fraction`, how much of a measurement is done, after each batch."""
        images = sum(len(batch) for batch in self.batches)
        product = torch.zeros_like(vector)
        for batch in self.batches:
            product += hessian_times(self.model, batch, vector) * (len(batch) / images)
            yield Measured(fraction)
        return product


@dataclass
class Lanczos:
    """Lanczos' method for the eigenvalue of largest magnitude, with full re-orthogonalisation, restarted from its best guess.

    Golub and Van Loan, Matrix Computations, chapter 10. It keeps at most `most` vectors beside the products.
    """

    start: Tensor
    most: int = 12
    value: float = 0.0
    """The best guess of the eigenvalue."""
    residual: float = float("inf")
    """‖Hv − λv‖ / |λ|: there is an eigenvalue within that of λ, relative to it."""
    _basis: list[Tensor] = field(default_factory=list)
    _diagonal: list[float] = field(default_factory=list)
    _beside: list[float] = field(default_factory=list)
    _weights: NDArray[np.float64] = field(default_factory=lambda: np.ones(1))

    def __post_init__(self) -> None:
        self._basis = [self.start / self.start.norm().clamp(min=NEGLIGIBLE)]

    @property
    def asked(self) -> Tensor:
        """The vector (d,) whose product is wanted next."""
        return self._basis[-1]

    @property
    def vector(self) -> Tensor:
        """The best guess of the eigenvector (d,), of length 1."""
        found = torch.zeros_like(self.start)
        for weight, vector in zip(self._weights.tolist(), self._basis, strict=False):
            found.add_(vector, alpha=weight)
        return found.div_(found.norm().clamp(min=NEGLIGIBLE))

    def take(self, product: Tensor) -> None:
        """Go on with the product of the Hessian and the vector that was asked for."""
        self._diagonal.append(torch.dot(self._basis[-1], product).item())
        rest = product
        for _ in range(2):  # once leaves what rounding has left
            for vector in self._basis:
                rest = rest - torch.dot(vector, rest) * vector
        beside = rest.norm().item()
        values, vectors = np.linalg.eigh(np.diag(self._diagonal) + np.diag(self._beside, 1) + np.diag(self._beside, -1))
        largest = int(np.abs(values).argmax())
        self.value, self._weights = float(values[largest]), vectors[:, largest]
        self.residual = abs(beside * self._weights[-1]) / max(abs(self.value), NEGLIGIBLE)
        if len(self._basis) == self.most:
            self._basis, self._diagonal, self._beside, self._weights = [self.vector], [], [], np.ones(1)
        else:
            self._basis.append(rest / max(beside, NEGLIGIBLE))
            self._beside.append(beside)
