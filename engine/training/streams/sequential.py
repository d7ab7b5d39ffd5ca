"""Sequential streams: the gradients of one step, one after the other."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.methods.context import Perturbation
from engine.training.data import Batch
from engine.training.weights.backward import Backward
from engine.training.weights.flat_model import FlatModel


@dataclass(frozen=True)
class GradientTask:
    """One gradient to compute: on `batch`, at w + `displacement` or at w."""

    batch: Batch
    displacement: Perturbation | None
    keeps_statistics: bool
    """Whether this pass moves BatchNorm's running statistics."""
    is_perturbed: bool
    """Whether its loss is one at perturbed weights."""


@dataclass(frozen=True)
class Gradient:
    """What a pass found. `flat` (d,) is valid until the next step; the others are 0-d."""

    flat: Tensor
    loss: Tensor
    accuracy: Tensor
    radius: Tensor | None


class Sequential:
    """One pass after the other on one model: the reference for every other way.

    The weights and the gradients of earlier passes are kept in spare vectors (d,); a perturbed gradient followed by a clean
    one needs a single one of them.
    """

    def __init__(self, model: FlatModel, numerics: Backward) -> None:
        self._model, self._numerics = model, numerics
        self._spares: list[Tensor] = []

    def run(self, passes: tuple[GradientTask, ...]) -> list[Gradient]:
        *early, last = passes
        found = [self._kept(self._run(one)) for one in early]
        found.append(self._run(last))
        self._spares.extend(gradient.flat for gradient in found[:-1])
        return found

    def _kept(self, gradient: Gradient) -> Gradient:
        """The same, safe from the next pass."""
        return replace(gradient, flat=self._spare().copy_(gradient.flat))

    def _spare(self) -> Tensor:
        return self._spares.pop() if self._spares else torch.empty_like(self._model.weights)

    def _run(self, one: GradientTask) -> Gradient:
        if one.keeps_statistics:
            return self._differentiate(one)
        with self._model.frozen_buffers():
            return self._differentiate(one)

    def _differentiate(self, one: GradientTask) -> Gradient:
        model = self._model
        if one.displacement is None:
            return Gradient(model.gradient, *self._numerics.differentiate(model, one.batch), None)
        saved = self._spare().copy_(model.weights)
        radius = one.displacement.write(model.weights, saved)
        try:
            loss, accuracy = self._numerics.differentiate(model, one.batch)
        finally:
            model.weights.copy_(saved)
            self._spares.append(saved)
        return Gradient(model.gradient, loss, accuracy, radius)
