"""Distributed streams: the gradients of one step on several processes, by torchrun; gloo on CPUs, NCCL on GPUs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from engine.training.models.sync_batch_norm import shared
from engine.training.process_group import ProcessGroup, Subgroup
from engine.training.streams.sequential import Gradient, GradientTask, Sequential
from engine.training.weights.backward import Backward, Overflow
from engine.training.weights.flat_model import FlatModel


class Distributed:
    """One gradient by all processes, each with its share of the images; two by half of the processes each.

    Gives the numbers of `Sequential`, whatever the number of processes: ε follows from the seed, BatchNorm and dropout see
    the batch as a whole. Of two gradients ranks 0, 2, … take the one that moves the running statistics, the clean one unless
    the experiment says otherwise, and ranks 1, 3, … the other; then each has both, so that all take the same step. With two
    processes nothing is summed, and the numbers are bitwise those of `Sequential`.

    Where `apart`, a process keeps the gradient of its own piece of the batch, and `Context.update` averages the directions.
    """

    def __init__(self, model: FlatModel, numerics: Backward, group: ProcessGroup, apart: bool) -> None:
        self._model, self._numerics, self._group, self._apart = model, numerics, group, apart
        self._alone = Sequential(model, numerics)
        self._norms = shared(model.module)
        self._theirs: Tensor | None = None

    def run(self, passes: tuple[GradientTask, ...]) -> list[Gradient]:
        if len(passes) == 2:
            found = self._both(passes)
        else:
            (one,) = passes
            found = [self._piece(one) if self._apart else self._shared(one, self._group.everyone)]
        if self._numerics.scale.active and not all(torch.isfinite(one.loss) for one in found):
            raise Overflow
        return found

    def _both(self, passes: tuple[GradientTask, ...]) -> list[Gradient]:
        first = next((i for i, one in enumerate(passes) if one.keeps_statistics), 1)
        own = first if self._group.rank % 2 == 0 else 1 - first
        mine = self._shared(replace(passes[own], keeps_statistics=True), self._group.half)
        other = self._exchanged(mine, passes[1 - own].displacement is not None)
        return [mine, other] if own == 0 else [other, mine]

    def _exchanged(self, mine: Gradient, has_radius: bool) -> Gradient:
        """The gradient that the neighbour has found, for this one."""
        if self._theirs is None:
            self._theirs = torch.empty_like(mine.flat)
        told = torch.stack([mine.loss, mine.accuracy, torch.zeros_like(mine.loss) if mine.radius is None else mine.radius])
        heard = torch.empty_like(told)
        self._group.exchange([mine.flat, told], [self._theirs, heard])
        loss, accuracy, radius = heard
        return Gradient(self._theirs, loss, accuracy, radius if has_radius else None)

    def _shared(self, one: GradientTask, subgroup: Subgroup) -> Gradient:
        """The gradient of one pass, computed by the team together."""
        with self._sharing(subgroup):
            found = self._found(one)
        subgroup.average(found.flat, found.loss, found.accuracy)
        return found

    def _piece(self, one: GradientTask) -> Gradient:
        """The gradient on this process's piece of the batch."""
        found = self._found(replace(one, batch=one.batch.parts(self._group.size)[self._group.rank]))
        self._group.everyone.average(found.loss, found.accuracy)
        return found

    def _found(self, one: GradientTask) -> Gradient:
        """What this process finds; after an overflow the loss is no number, by which the others notice it."""
        try:
            return self._alone.run((one,))[0]
        except Overflow:
            loss, accuracy = self._model.gradient.new_full((2,), torch.nan)
            return Gradient(self._model.gradient, loss, accuracy, None)

    @contextmanager
    def _sharing(self, subgroup: Subgroup) -> Iterator[None]:
        """Let the network see this process's share of every batch as part of the whole."""
        self._numerics.share = (subgroup.index, subgroup.size)
        for norm in self._norms:
            norm.subgroup = subgroup
        try:
            yield
        finally:
            self._numerics.share = (0, 1)
            for norm in self._norms:
                norm.subgroup = None
