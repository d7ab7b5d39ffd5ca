"""The base optimizers on one flat vector of weights.

They call the fused kernels of torch.optim without its classes, whose first use costs more than a second of every start.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.linalg import vector_norm

from engine.experiment.optimization import Adam, AdamW, SGDOptimizer

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8


class FlatSGD:
    """b ← μb + g + wd·w; w ← w − γb. State: the momentum buffer b, of shape (d,)."""

    def __init__(self, settings: SGDOptimizer, weights: Tensor) -> None:
        self.settings, self._weights = settings, weights
        self.state = {"momentum": torch.zeros_like(weights)} if settings.momentum else {}

    @property
    def momentum(self) -> Tensor:
        """Past directions as they are added up, of shape (d,)."""
        return self.state["momentum"]

    def difference(self, g: Tensor, lr: float | Tensor, w: Tensor, out: Tensor) -> None:
        """Put what `step` would add to the weights into `out`, if they were w (d,)."""
        torch.add(g, w, alpha=self.settings.weight_decay, out=out)
        if self.state:
            out.add_(self.momentum, alpha=self.settings.momentum)
        out.mul_(-lr)

    def step(self, g: Tensor, lr: float) -> None:
        """Move the weights along the direction g (d,) with learning rate `lr`."""
        torch._fused_sgd_(
            [self._weights],
            [g],
            list(self.state.values()),
            lr=lr,
            momentum=self.settings.momentum,
            weight_decay=self.settings.weight_decay,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )


class FlatAdam:
    """Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019). State: both moments (d,) and the count of steps."""

    def __init__(self, settings: Adam | AdamW, weights: Tensor) -> None:
        self.settings, self._weights = settings, weights
        self._kernel = torch._fused_adamw_ if isinstance(settings, AdamW) else torch._fused_adam_
        self.state = {
            "first": torch.zeros_like(weights),
            "second": torch.zeros_like(weights),
            "updates": torch.zeros((), device=weights.device),
        }

    @property
    def momentum(self) -> Tensor:
        """The first moment of past directions, of shape (d,)."""
        return self.state["first"]

    def difference(self, g: Tensor, lr: float | Tensor, w: Tensor, out: Tensor) -> None:
        """Put what `step` would add to the weights into `out`, if they were w (d,)."""
        (beta1, beta2), decay = ADAM_BETAS, self.settings.weight_decay
        is_decoupled, updates = isinstance(self.settings, AdamW), self.state["updates"].to(w.dtype) + 1
        torch.add(g, w, alpha=0 if is_decoupled else decay, out=out)
        scale = (self.state["second"] * beta2).addcmul_(out, out, value=1 - beta2).div_(_left(beta2, updates)).sqrt_()
        out.lerp_(self.momentum, beta1).div_(scale.add_(ADAM_EPSILON)).div_(_left(beta1, updates))
        out.add_(w, alpha=decay if is_decoupled else 0).mul_(-lr)

    def step(self, g: Tensor, lr: float) -> None:
        """Move the weights along the direction g (d,) with learning rate `lr`."""
        self.state["updates"] += 1
        self._kernel(
            [self._weights],
            [g],
            [self.state["first"]],
            [self.state["second"]],
            [],
            [self.state["updates"]],
            lr=lr,
            beta1=ADAM_BETAS[0],
            beta2=ADAM_BETAS[1],
            weight_decay=self.settings.weight_decay,
            eps=ADAM_EPSILON,
            amsgrad=False,
            maximize=False,
        )


def _left(beta: float, updates: Tensor) -> Tensor:
    """1 − βᵗ, without the cancellation."""
    return torch.expm1(updates * math.log(beta)).neg_()


@dataclass(frozen=True)
class Step:
    """The step that an optimizer would take along `direction` (d,), as a displacement of the weights."""

    optimizer: FlatSGD | FlatAdam
    direction: Tensor
    lr: float | Tensor

    def write(self, out: Tensor, w: Tensor) -> Tensor:
        """Put w after the step into `out` and return how long the step is."""
        self.optimizer.difference(self.direction, self.lr, w, out)
        length: Tensor = vector_norm(out)
        out.add_(w)
        return length


def flat_optimizer(settings: SGDOptimizer | Adam | AdamW, weights: Tensor) -> FlatSGD | FlatAdam:
    """The base optimizer that `settings` describe, moving `weights` (d,) in place."""
    return FlatSGD(settings, weights) if isinstance(settings, SGDOptimizer) else FlatAdam(settings, weights)
