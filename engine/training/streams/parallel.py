"""Parallel streams: two gradients of one step at the same time."""

import copy
import statistics
import time
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.training.streams.executors import executors
from engine.training.streams.sequential import Gradient, GradientTask, Sequential
from engine.training.weights.backward import Backward
from engine.training.weights.flat_model import FlatModel

ROUNDS = 3
PATIENCE_SECONDS = 2.0


class Parallel:
    """One gradient on the network itself, the other on a twin, each on a lane of its own.

    On two cores it gives bitwise the numbers of `Sequential` on one intra-op thread. Buffers such as BatchNorm's belong to the
    first network; the twin's are never looked at. Where the twin lives `beside` on another device, its weights and its gradient
    are copied from device to device.
    """

    def __init__(self, model: FlatModel, numerics: Backward, beside: torch.device) -> None:
        self._model = model
        self._alone = Sequential(model, numerics)
        self._twin = FlatModel(copy.deepcopy(model.module), beside, model.is_compiled)
        self._beside = Sequential(self._twin, numerics)
        self._home, self._away = model.weights.device, beside
        self._spare = None if self._home == self._away else torch.empty_like(model.weights)
        self._lanes = executors(self._home, self._away)

    def run(self, passes: tuple[GradientTask, ...]) -> list[Gradient]:
        if len(passes) != 2:
            return self._alone.run(passes)
        here = next((i for i, one in enumerate(passes) if one.keeps_statistics), 1)
        mine, other = passes[here], passes[1 - here]
        radius = self._placed(other)  # before the weights here may be moved
        found, theirs = self._lanes.both(lambda: self._alone.run((mine,))[0], lambda: self._at_place(other))
        both = (found, replace(self._brought(theirs), radius=radius))
        return [both[here], both[1 - here]]

    def _placed(self, one: GradientTask) -> Tensor | None:
        """Bring the twin to where `one` wants its gradient; returns ‖ε‖₂ if that is not at w."""
        if one.perturbation is None:
            self._twin.weights.copy_(self._model.weights)
            return None
        place = self._twin.weights if self._spare is None else self._spare
        radius = one.perturbation.write(place, self._model.weights)
        if place is self._spare:
            self._twin.weights.copy_(place)
        return radius

    def _at_place(self, one: GradientTask) -> Gradient:
        self._twin.module.train()
        batch = one.batch.to(self._away)
        return self._beside.run((replace(one, batch=batch, perturbation=None, keeps_statistics=True),))[0]

    def _brought(self, theirs: Gradient) -> Gradient:
        """What was found beside, here. It waits for both devices, and so comes after both have been given their work."""
        if self._spare is None:
            return theirs
        flat = self._spare.copy_(theirs.flat)
        return replace(theirs, flat=flat, loss=theirs.loss.to(self._home), accuracy=theirs.accuracy.to(self._home))


@dataclass(frozen=True)
class Choice:
    """Which way of running two gradients was taken, and why: what both cost (median seconds), or what keeps from the other."""

    way: str
    sequential: float | None = None
    parallel: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        if not self.sequential or not self.parallel:
            return f"{self.way}: {self.reason}" if self.reason else self.way
        ratio, other = self.sequential / self.parallel, "sequential"
        if self.way == other:
            ratio, other = 1 / ratio, "parallel"
        return f"{self.way}: {ratio:.2f} × as fast as {other} here"


def _is_clear(taken: dict[str, list[float]]) -> bool:
    """Whether one way has won every round so far by a third."""
    a, b = (times[1:] for times in taken.values())
    return max(a) * 4 / 3 < min(b) or max(b) * 4 / 3 < min(a)


def faster(sequential: Sequential, parallel: Parallel, passes: tuple[GradientTask, GradientTask]) -> Choice:
    """Time both ways in turn on the same two gradients; changes neither weights nor buffers."""
    trial = tuple(replace(one, keeps_statistics=False) for one in passes)
    taken: dict[str, list[float]] = {"sequential": [], "parallel": []}
    began = time.perf_counter()
    for round_ in range(ROUNDS + 1):
        for way, streams in (("sequential", sequential), ("parallel", parallel)):
            start = time.perf_counter()
            for gradient in streams.run(trial):
                gradient.loss.item()  # an accelerator answers when it is done
            taken[way].append(time.perf_counter() - start)
        if round_ and (_is_clear(taken) or time.perf_counter() - began > PATIENCE_SECONDS):
            break
    medians = {way: statistics.median(times[1:]) for way, times in taken.items()}
    return Choice(min(medians, key=lambda way: medians[way]), medians["sequential"], medians["parallel"])
