"""Perturbations of the weights: random filter-wise Gaussians, and the adversarial ascent of SAM."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.linalg import vector_norm

from engine.methods.context import NoiseSettings
from engine.training.weights.filters import Filters, Positions
from engine.training.weights.flat_model import FlatModel


class SquaredGradients:
    """v of eq. 15: a decaying sum of squared gradients, one number a filter, one an element for 1-d parameters."""

    def __init__(self, model: FlatModel, positions: Positions = "tokens") -> None:
        self._filters = model.filters(positions)
        self.v = self._filters.numbers(model.weights)

    def add(self, gradient: Tensor, beta: float) -> None:
        """v ← βv + g² with g of shape (d,)."""
        self.v.mul_(beta).add_(self._filters.norms(gradient, "element").square_())


@dataclass(frozen=True)
class Damping:
    """The factors 1/(1 + ηv)^p of eq. 15."""

    past: SquaredGradients
    eta: float
    exponent: float

    def __call__(self) -> Tensor:
        return (1 + self.eta * self.past.v).pow_(-self.exponent)


@dataclass(frozen=True)
class FilterNoise:
    """ε ~ N(0, σ² diag‖w⁽ʲ⁾‖²), damped if there is a `damping`."""

    model: FlatModel
    settings: NoiseSettings
    sigma: float | Tensor
    draw: Callable[[Tensor], Tensor]
    """Fills a vector (d,) with N(0, 1)."""
    damping: Callable[[], Tensor] | None = None

    def __neg__(self) -> "FilterNoise":
        return replace(self, sigma=-self.sigma)

    def write(self, out: Tensor, w: Tensor) -> Tensor:
        filters, deviations = self._filters, self._deviations(w)
        torch._foreach_mul_(filters.rows(self.draw(out)), filters.columns(deviations))
        radius: Tensor = vector_norm(out)
        out.add_(w)
        return radius

    @property
    def _filters(self) -> Filters:
        return self.model.filters(self.settings.position_embeddings)

    def _deviations(self, w: Tensor) -> Tensor:
        """Standard deviation of ε: one number a filter, one an element of 1-d parameters."""
        filters, one_dimensional = self._filters, self.settings.one_dimensional
        distribution = self.settings.distribution
        sizes = filters.ones(w, one_dimensional) if distribution == "isotropic" else filters.norms(w, one_dimensional)
        if distribution == "filter-rms":
            sizes.div_(filters.root_counts(w, one_dimensional))
        sizes.mul_(self.sigma)
        return sizes if self.damping is None else sizes.mul_(self.damping())


@dataclass(frozen=True)
class Ascent:
    """ε = ρ g/‖g‖₂ (eq. 7), with one norm over all weights; with `scaled` by T = |w| + scaled, ε = ρ T²g/‖Tg‖₂.

    Where there is a mask `only` (d,), T = 1 elsewhere.
    """

    gradient: Tensor
    rho: float | Tensor
    scaled: float | None = None
    only: Tensor | None = None

    def write(self, out: Tensor, w: Tensor) -> Tensor:
        scale = 1.0 if self.scaled is None else w.abs() + self.scaled
        if self.only is not None:
            scale = torch.where(self.only, scale, 1.0)
        torch.mul(self.gradient, scale, out=out)
        out.mul_(self.rho / (vector_norm(out) + 1e-12)).mul_(scale)
        radius: Tensor = vector_norm(out)
        out.add_(w)
        return radius
