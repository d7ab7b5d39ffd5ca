"""Parallel streams: two gradients of one step at the same time."""

import copy
from dataclasses import replace

import torch
from torch import Tensor

from engine.training.streams.executors import executors
from engine.training.streams.sequential import Gradient, GradientTask, Sequential
from engine.training.weights.backward import Backward
from engine.training.weights.flat_model import FlatModel


class Parallel:
    """One gradient on the network itself, the other on a second model, each by an executor of its own.

    On two cores it gives bitwise the numbers of `Sequential` on one intra-op thread. Buffers such as BatchNorm's belong to the
    first model; those of the second are never looked at. Where the second lives `beside` on another device, its weights and
    its gradient are copied from device to device.
    """

    def __init__(self, model: FlatModel, numerics: Backward, beside: torch.device) -> None:
        self._model = model
        self._alone = Sequential(model, numerics)
        self._second = FlatModel(copy.deepcopy(model.module), beside, model.is_compiled)
        self._beside = Sequential(self._second, numerics)
        self._home, self._away = model.weights.device, beside
        self._spare = None if self._home == self._away else torch.empty_like(model.weights)
        self._executors = executors(self._home, self._away)

    def run(self, passes: tuple[GradientTask, ...]) -> list[Gradient]:
        if len(passes) != 2:
            return self._alone.run(passes)
        here = next((i for i, one in enumerate(passes) if one.keeps_statistics), 1)
        mine, other = passes[here], passes[1 - here]
        radius = self._placed(other)  # before the weights here may be moved
        found, theirs = self._executors.both(lambda: self._alone.run((mine,))[0], lambda: self._at_place(other))
        both = (found, replace(self._brought(theirs), radius=radius))
        return [both[here], both[1 - here]]

    def _placed(self, one: GradientTask) -> Tensor | None:
        """Bring the second model to where `one` wants its gradient; returns ‖ε‖₂ if that is not at w."""
        if one.displacement is None:
            self._second.weights.copy_(self._model.weights)
            return None
        place = self._second.weights if self._spare is None else self._spare
        radius = one.displacement.write(place, self._model.weights)
        if place is self._spare:
            self._second.weights.copy_(place)
        return radius

    def _at_place(self, one: GradientTask) -> Gradient:
        self._second.module.train()
        batch = one.batch.to(self._away)
        return self._beside.run((replace(one, batch=batch, displacement=None, keeps_statistics=True),))[0]

    def _brought(self, theirs: Gradient) -> Gradient:
        """What was found beside, here. It waits for both devices, and so comes after both have been given their work."""
        if self._spare is None:
            return theirs
        flat = self._spare.copy_(theirs.flat)
        return replace(theirs, flat=flat, loss=theirs.loss.to(self._home), accuracy=theirs.accuracy.to(self._home))
