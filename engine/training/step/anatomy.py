"""The anatomy of one step: what gradients it takes where, what it makes of them, and where the weights go."""

import torch
from torch import Tensor

from engine.runs.status import StepAnatomy, TakenGradient

MOST = 4
"""Gradients that can be told apart in a picture."""


class Anatomy:
    """Looks on while a step is taken; what it keeps are copies, and it changes nothing."""

    def __init__(self, weights: Tensor) -> None:
        self._before = weights.clone()
        self._gradients: list[tuple[bool, Tensor | None, Tensor]] = []
        self._direction: Tensor | None = None

    def gradient(self, is_perturbed: bool, radius: Tensor | None, vector: Tensor) -> None:
        """A gradient (d,) was taken, at w or at w + ε with ‖ε‖₂ = `radius`."""
        self._gradients.append((is_perturbed, None if radius is None else radius.clone(), vector.clone()))

    def direction(self, vector: Tensor) -> None:
        """The step will go against this (d,)."""
        self._direction = vector.clone()

    def of(self, step: int, weights: Tensor) -> StepAnatomy | None:
        """What was seen, now that the weights are (d,); none where that was nothing, or too much for a picture."""
        if self._direction is None or not 1 <= len(self._gradients) <= MOST:
            return None
        vectors = torch.stack([*(vector for *_, vector in self._gradients), self._direction, self._before - weights])
        lengths = vectors.norm(dim=1)
        units = vectors / lengths.clamp(min=1e-30)[:, None]
        *taken, direction, moved = lengths.tolist()
        radii = [None if radius is None or not is_perturbed else radius.item() for is_perturbed, radius, _ in self._gradients]
        gradients = [
            TakenGradient(perturbed=is_perturbed, radius=radius, length=length)
            for (is_perturbed, *_), radius, length in zip(self._gradients, radii, taken, strict=True)
        ]
        cosines = (units @ units.T).clamp(-1, 1).tolist()
        return StepAnatomy(step=step, gradients=gradients, direction=direction, moved=moved, cosines=cosines)
