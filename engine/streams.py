"""How the gradients of one update are run."""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.datasets import Batch
from engine.noise import Perturbation
from engine.numerics import Numerics
from engine.replica import Replica


@dataclass(frozen=True)
class Pass:
    """One gradient to compute: on `batch`, at w + `perturbation` or at w."""

    batch: Batch
    perturbation: Perturbation | None
    keeps_statistics: bool
    """Whether this pass moves BatchNorm's running statistics."""


@dataclass(frozen=True)
class Gradient:
    """What a pass found. `flat` (d,) is valid until the next update; the others are 0-d."""

    flat: Tensor
    loss: Tensor
    accuracy: Tensor
    radius: Tensor | None


class Sequential:
    """One pass after the other on one replica: the reference for every other way."""

    def __init__(self, replica: Replica, numerics: Numerics) -> None:
        self._replica, self._numerics = replica, numerics
        self._saved: Tensor | None = None
        self._held: list[Tensor] = []

    def run(self, passes: tuple[Pass, ...]) -> list[Gradient]:
        *early, last = passes
        while len(self._held) < len(early):
            self._held.append(torch.empty_like(self._replica.gradient))
        found = []
        for one, held in zip(early, self._held, strict=False):
            gradient = self._run(one)
            found.append(Gradient(held.copy_(gradient.flat), gradient.loss, gradient.accuracy, gradient.radius))
        return [*found, self._run(last)]

    def _run(self, one: Pass) -> Gradient:
        if one.keeps_statistics:
            return self._differentiate(one)
        with self._replica.frozen_buffers():
            return self._differentiate(one)

    def _differentiate(self, one: Pass) -> Gradient:
        replica = self._replica
        if one.perturbation is None:
            return Gradient(replica.gradient, *self._numerics.differentiate(replica, one.batch), None)
        if self._saved is None:
            self._saved = torch.empty_like(replica.weights)
        self._saved.copy_(replica.weights)
        radius = one.perturbation.write(replica.weights, self._saved)
        try:
            loss, accuracy = self._numerics.differentiate(replica, one.batch)
        finally:
            replica.weights.copy_(self._saved)
        return Gradient(replica.gradient, loss, accuracy, radius)
