"""Products of the Hessian of the loss and a vector, and what Lanczos' method tells from them."""

from collections.abc import Generator
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Quadrature:
    """What a start vector tells of all eigenvalues: `nodes` (m,), `weights` (m,) that sum to 1, `residuals` (m,).

    Within the residual of a node there is an eigenvalue.
    """

    nodes: NDArray[np.float64]
    weights: NDArray[np.float64]
    residuals: NDArray[np.float64]


class Lanczos:
    """Lanczos' method for the eigenvalue of largest magnitude, with full re-orthogonalisation, restarted from its best guess.

    Golub and Van Loan, Matrix Computations, chapter 10. It keeps at most `most` vectors beside the products.
    """

    def __init__(self, start: Tensor, most: int = 12) -> None:
        self._basis = start.new_empty(most, len(start))
        self._diagonal: list[float] = []
        self._beside: list[float] = []
        self._begin(start)
        self._value, self._residual, self._solved = 0.0, float("inf"), 0

    @property
    def asked(self) -> Tensor:
        """The vector (d,) whose product is wanted next."""
        return self._basis[len(self._diagonal)]

    @property
    def value(self) -> float:
        """The best guess of the eigenvalue."""
        self._solve()
        return self._value

    @property
    def residual(self) -> float:
        """‖Hv − λv‖ / |λ|: there is an eigenvalue within that of λ, relative to it."""
        self._solve()
        return self._residual

    @property
    def vector(self) -> Tensor:
        """The best guess of the eigenvector (d,), of length 1."""
        self._solve()
        weights = torch.from_numpy(self._weights).to(self._basis)
        found = weights @ self._basis[: len(weights)]
        return found.div_(found.norm().clamp(min=NEGLIGIBLE))

    @property
    def quadrature(self) -> Quadrature:
        """Gauss' quadrature for the start vector (Golub and Meurant 1994), of a method that was not restarted."""
        nodes, vectors = self._pairs()
        return Quadrature(nodes, vectors[0] ** 2, np.abs(self._beside[-1] * vectors[-1]))

    def take(self, product: Tensor) -> None:
        """Go on with the product of the Hessian and the vector that was asked for."""
        if not self._diagonal:
            self._solved = 0
        self._diagonal.append(torch.dot(self.asked, product).item())
        count = len(self._diagonal)
        known, rest = self._basis[:count], product
        for _ in range(2):  # once leaves what rounding has left
            rest = rest - (known @ rest) @ known
        self._beside.append(rest.norm().item())
        if count < len(self._basis):
            self._basis[count] = rest / max(self._beside[-1], NEGLIGIBLE)
        else:
            self._begin(self.vector)

    def _begin(self, start: Tensor) -> None:
        """Forget all but a vector to begin with."""
        self._basis[0] = start / start.norm().clamp(min=NEGLIGIBLE)
        self._diagonal, self._beside, self._weights = [], [], np.ones(1)

    def _pairs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Eigenvalues (m,) and eigenvectors (m, m) of the tridiagonal matrix."""
        inner = self._beside[:-1]
        values, vectors = np.linalg.eigh(np.diag(self._diagonal) + np.diag(inner, 1) + np.diag(inner, -1))
        return values, vectors

    def _solve(self) -> None:
        """Find the best guess among what the products have told, if there are new ones since."""
        if self._solved == len(self._diagonal) or not self._diagonal:
            return
        values, vectors = self._pairs()
        largest = int(np.abs(values).argmax())
        self._value, self._weights = float(values[largest]), vectors[:, largest]
        self._residual = abs(self._beside[-1] * self._weights[-1]) / max(abs(self._value), NEGLIGIBLE)
        self._solved = len(self._diagonal)
