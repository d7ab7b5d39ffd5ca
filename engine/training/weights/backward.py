"""Forward and backward pass of one gradient: number format, micro-batches, and the loss itself."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.experiment.schema import Experiment
from engine.training.data import Batch
from engine.training.models.seeded_dropout import reseed
from engine.training.weights.flat_model import FlatModel

FORMATS = {"bf16": torch.bfloat16, "fp16": torch.float16}
GROWTH_INTERVAL = 200
Restart = Callable[[nn.Module, Batch, tuple[int, int]], None]
"""Lets the dropout masks of a network begin as a batch wants them, of which it sees one of so many equal shares."""


def restart(module: nn.Module, batch: Batch, share: tuple[int, int]) -> None:
    """Start the dropout masks of `module` anew, at the seed of `batch`."""
    reseed(module, batch.seed(), share)


class Overflow(Exception):
    """A gradient left the range of fp16: the step is skipped and the loss scale lowered."""


class LossScale:
    """The factor that keeps small fp16 gradients from vanishing: halved on overflow, doubled after 200 good steps."""

    def __init__(self, active: bool) -> None:
        self.value = 2.0**16 if active else 1.0
        self.active = active
        self._good = 0

    def state_dict(self) -> dict[str, float]:
        return {"value": self.value, "good": self._good}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.value, self._good = state["value"], int(state["good"])

    def passed(self) -> None:
        self._good += 1
        if self.active and self._good % GROWTH_INTERVAL == 0:
            self.value *= 2

    def overflowed(self) -> None:
        self.value /= 2
        self._good = 0


class Backward:
    """Computes ∇L_B at a model's present weights, with the settings of an experiment."""

    def __init__(self, experiment: Experiment, device: torch.device) -> None:
        self.restart: Restart = restart
        self._format = FORMATS.get(experiment.runtime.precision)
        self.parts = experiment.runtime.accumulate
        self.smoothing = experiment.data.label_smoothing
        self._device = device
        self.share = (0, 1)
        """Which of how many equal shares of every batch is computed here."""
        self.scale = LossScale(experiment.runtime.precision == "fp16")

    def differentiate(self, model: FlatModel, batch: Batch) -> tuple[Tensor, Tensor]:
        """Put ∇L_B into `model.gradient`; return mean loss and accuracy, both 0-d. Raises `Overflow` in fp16."""
        model.gradient.zero_()
        self.restart(model.module, batch, self.share)
        found = [self._backward(model, part, len(part) / len(batch)) for part in batch.parts(self.parts)]
        if self.scale.active:
            model.gradient.div_(self.scale.value)
            if not torch.isfinite(model.gradient).all():
                raise Overflow
        losses, accuracies = zip(*found, strict=True)
        return torch.stack(losses).sum(), torch.stack(accuracies).sum()

    def _backward(self, model: FlatModel, whole: Batch, share: float) -> tuple[Tensor, Tensor]:
        part = whole.share_of(*self.share)
        with self._autocast():
            logits = model.forward(part.images)
        loss = self.loss(logits.float() if self._format else logits, part) * share
        (loss * self.scale.value if self.scale.active else loss).backward()
        return loss.detach(), (logits.detach().argmax(1) == part.labels).float().mean() * share

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean cross-entropy, smoothed and mixed up as the experiment says."""
        loss = F.cross_entropy(logits, batch.labels, label_smoothing=self.smoothing)
        if batch.partners is None:
            return loss
        other = F.cross_entropy(logits, batch.partners, label_smoothing=self.smoothing)
        return batch.share * loss + batch.rest * other

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self._device.type, self._format) if self._format else nullcontext()
