"""A network whose weights are one vector."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.datasets import Batch


class Replica:
    """A network with all trainable parameters in one flat vector and all gradients in another.

    `weights` and `gradient` have shape (d,); the module's parameters and their .grad are views of them.
    """

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        self.module = module.to(device)
        parameters = [p for p in self.module.parameters() if p.requires_grad]
        self.shapes = [p.shape for p in parameters]
        self.weights = torch.cat([p.detach().reshape(-1) for p in parameters])
        self.gradient = torch.zeros_like(self.weights)
        for p, w, g in zip(parameters, self.views(self.weights), self.views(self.gradient), strict=True):
            p.data, p.grad = w, g

    def views(self, flat: Tensor) -> list[Tensor]:
        """The parts of a vector of shape (d,) in the shapes of the parameters."""
        parts = flat.split([shape.numel() for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]

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

    def differentiate(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Put ∇L_B at the present weights into `gradient`; return mean loss and accuracy, both 0-d."""
        self.gradient.zero_()
        logits = self.module(batch.images)
        loss = F.cross_entropy(logits, batch.labels)
        loss.backward()
        return loss.detach(), (logits.detach().argmax(1) == batch.labels).float().mean()

    @torch.no_grad()
    def totals(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Summed loss and number of correct answers on `batch`, in eval mode if the module is in it."""
        logits = self.module(batch.images)
        return F.cross_entropy(logits, batch.labels, reduction="sum"), (logits.argmax(1) == batch.labels).sum()
