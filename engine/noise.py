"""Perturbations of the weights: random filter-wise Gaussians, and the adversarial ascent of SAM."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.linalg import vector_norm

from engine.methods.base import RandomPerturbation
from engine.replica import Replica


class Perturbation(Protocol):
    """A displacement ε of the weights."""

    def write(self, out: Tensor, w: Tensor) -> Tensor:
        """Put w + ε into `out` (both of shape (d,), not the same memory) and return ‖ε‖₂ (0-d)."""
        ...


def filters(parameter: Tensor) -> Tensor:
    """A parameter as rows of one filter each, shape (filters, elements).

    A filter is a slice of dimension 0. Position embeddings and class tokens, shape (1, tokens, width), have one
    filter a token; a 1-d parameter is one filter.
    """
    if parameter.ndim == 3 and parameter.shape[0] == 1:
        return parameter.view(-1, parameter.shape[-1])
    return parameter.view(parameter.shape[0], -1) if parameter.ndim > 1 else parameter.view(1, -1)


class PastGradients:
    """v of eq. 15: a decaying sum of squared gradients, one number a filter, one an element for 1-d parameters."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        rows = [filters(w) for w in replica.views(replica.weights)]
        self._shapes = [
            torch.Size((r.shape[0], 1)) if len(shape) > 1 else r.shape for r, shape in zip(rows, replica.shapes, strict=True)
        ]
        self.v = replica.weights.new_zeros(sum(shape.numel() for shape in self._shapes))

    def views(self) -> list[Tensor]:
        """v of each parameter, in a shape that broadcasts over its `filters`."""
        parts = self.v.split([shape.numel() for shape in self._shapes])
        return [part.view(shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def add(self, gradient: Tensor, beta: float) -> None:
        """v ← βv + g² with g of shape (d,)."""
        for v, g in zip(self.views(), self._replica.views(gradient), strict=True):
            squared = filters(g).square()
            v.mul_(beta).add_(squared if g.ndim <= 1 else squared.sum(1, keepdim=True))


@dataclass(frozen=True)
class Damping:
    """The factors 1/(1 + ηv)^p of eq. 15."""

    past: PastGradients
    eta: float
    exponent: float

    def factors(self) -> list[Tensor]:
        return [(1 + self.eta * v).pow_(-self.exponent) for v in self.past.views()]


@dataclass(frozen=True)
class FilterNoise:
    """ε ~ N(0, σ² diag‖w⁽ʲ⁾‖²), damped if there is a `damping`; the generator is its own."""

    replica: Replica
    settings: RandomPerturbation
    sigma: float
    generator: torch.Generator
    damping: Damping | None = None

    def write(self, out: Tensor, w: Tensor) -> Tensor:
        out.normal_(0, 1, generator=self.generator)
        for epsilon, deviation in zip(self.replica.views(out), self.deviations(w), strict=True):
            filters(epsilon).mul_(deviation)
        radius: Tensor = vector_norm(out)
        out.add_(w)
        return radius

    def deviations(self, w: Tensor) -> list[Tensor]:
        """Standard deviation of ε for each parameter, broadcasting over its `filters`."""
        sizes = [self._size(parameter).mul_(self.sigma) for parameter in self.replica.views(w)]
        if self.damping is None:
            return sizes
        return [size * factor for size, factor in zip(sizes, self.damping.factors(), strict=True)]

    def _size(self, parameter: Tensor) -> Tensor:
        rows = filters(parameter)
        policy = self.settings.one_dimensional
        if parameter.ndim <= 1 and policy == "skip":
            return rows.new_zeros((1, 1))
        if self.settings.distribution == "isotropic":
            return rows.new_ones((1, 1))
        if parameter.ndim <= 1 and policy == "element":
            return rows.abs()
        norms: Tensor = vector_norm(rows, dim=1, keepdim=True)
        return norms


@dataclass(frozen=True)
class Ascent:
    """ε = ρ g/‖g‖₂ (eq. 7), with one norm over all weights; with `scaled` by T = |w| + scaled, ε = ρ T²g/‖Tg‖₂."""

    gradient: Tensor
    rho: float
    scaled: float | None = None

    def write(self, out: Tensor, w: Tensor) -> Tensor:
        scale = 1.0 if self.scaled is None else w.abs() + self.scaled
        torch.mul(self.gradient, scale, out=out)
        out.mul_(self.rho / (vector_norm(out) + 1e-12)).mul_(scale)
        radius: Tensor = vector_norm(out)
        out.add_(w)
        return radius
