"""Flat model: a network whose weights are one vector."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import get_args

import torch
from torch import Tensor, nn

from engine.training.models.seeded_dropout import keep_as_it_is
from engine.training.weights.filters import Filters, Positions


class FlatModel:
    """A network with all trainable parameters in one flat vector and all gradients in another.

    `weights` and `gradient` have shape (d,); the module's parameters and their .grad are views of them. `forward` is the
    module, or where it `is_compiled` the faster code that its first call makes of it.
    """

    def __init__(self, module: nn.Module, device: torch.device, is_compiled: bool = False) -> None:
        self.module = module.to(device)
        self.is_compiled = is_compiled
        self.forward: Callable[[Tensor], Tensor] = _compiled(self.module) if is_compiled else self.module
        trained = [(name, p) for name, p in self.module.named_parameters() if p.requires_grad]
        self.names, parameters = [name for name, _ in trained], [p for _, p in trained]
        self.shapes = [p.shape for p in parameters]
        self._filters = {positions: Filters(self.shapes, positions) for positions in get_args(Positions)}
        self._masks: dict[str, Tensor] = {}
        self.weights = torch.cat([p.detach().reshape(-1) for p in parameters])
        for p, w in zip(parameters, self.views(self.weights), strict=True):
            p.data = w  # what the module was built with is free before the gradient takes its room
        self.gradient = torch.zeros_like(self.weights)
        for p, g in zip(parameters, self.views(self.gradient), strict=True):
            p.grad = g

    def views(self, flat: Tensor) -> list[Tensor]:
        """The parts of a vector of shape (d,) in the shapes of the parameters."""
        parts = flat.split([shape.numel() for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def named(self, part: str) -> Tensor:
        """A mask (d,) of the parameters that have `part` in their name."""
        if part not in self._masks:
            mask = self._masks[part] = torch.zeros_like(self.weights, dtype=torch.bool)
            for name, view in zip(self.names, self.views(mask), strict=True):
                view.fill_(part in name)
        return self._masks[part]

    def filters(self, positions: Positions = "tokens") -> Filters:
        """The filters of the weights."""
        return self._filters[positions]

    @property
    def buffers(self) -> list[Tensor]:
        """What the network keeps beside its parameters, such as BatchNorm's running statistics."""
        return list(self.module.buffers())

    def restore_buffers(self, saved: list[Tensor]) -> None:
        for buffer, value in zip(self.buffers, saved, strict=True):
            buffer.copy_(value)

    @contextmanager
    def frozen_buffers(self) -> Iterator[None]:
        """Undo whatever a pass does to the buffers."""
        saved = [buffer.clone() for buffer in self.buffers]
        try:
            yield
        finally:
            self.restore_buffers(saved)


def _compiled(module: nn.Module) -> Callable[[Tensor], Tensor]:
    keep_as_it_is(module)
    compiled: Callable[[Tensor], Tensor] = torch.compile(module)
    return compiled
