"""Optimizer, learning-rate schedule and weight averaging."""

import math
from typing import Literal

from engine.fields import Section, knob


class Optimizer(Section):
    """The base optimizer, which receives the update direction of the method."""

    lr: float = knob(0.1, symbol="γ", log_from=1e-4, live=True, gt=0, le=10)
    """Learning rate at the start."""
    weight_decay: float = knob(1e-3, log_from=1e-6, live=True, ge=0, le=1)
    """Weight decay, applied at the unperturbed weights."""
    clip_norm: float | None = knob(None, advanced=True, live=True, gt=0)
    """Longest update direction; a longer one is shortened to it. Empty leaves every one as it is."""


class SGDOptimizer(Optimizer):
    """Stochastic gradient descent with momentum."""

    name: Literal["sgd"] = "sgd"
    momentum: float = knob(0.9, ge=0, lt=1)
    """Momentum."""


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015): weight decay is added to the gradient."""

    name: Literal["adam"] = "adam"
    lr: float = knob(1e-3, symbol="γ", log_from=1e-6, live=True, gt=0, le=10)
    """Learning rate at the start."""
    weight_decay: float = knob(0.0, log_from=1e-6, live=True, ge=0, le=1)
    """Weight decay, applied at the unperturbed weights."""


class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    name: Literal["adamw"] = "adamw"
    lr: float = knob(1e-3, symbol="γ", log_from=1e-6, live=True, gt=0, le=10)
    """Learning rate at the start."""
    weight_decay: float = knob(1e-2, log_from=1e-6, live=True, ge=0, le=1)
    """Weight decay, applied at the unperturbed weights."""


class Averaging(Section):
    """A second set of weights, averaged over the training, that is evaluated beside the trained ones."""

    kind: Literal["none", "ema", "swa"] = "none"
    """`ema`: exponential moving average over steps. `swa`: mean over epochs (Izmailov et al. 2018)."""
    decay: float = knob(0.999, advanced=True, ge=0, lt=1)
    """Share of the moving average that a step leaves in place (ema)."""
    start: float = knob(0.75, advanced=True, ge=0, lt=1)
    """Fraction of the training after which averaging begins (swa)."""


class Schedule(Section):
    """How long, in which portions, and with which learning rate."""

    epochs: int = knob(30, live=True, ge=1, le=10_000)
    """Passes over the training set, counted in steps as plain training makes them. The schedules span them all."""
    batch_size: int = knob(128, live=True, ge=2, le=65_536)
    """Images per gradient. The last, incomplete batch of an epoch is left out."""
    lr: Literal["cosine", "constant"] = "cosine"
    """Course of the learning rate: down to 0 along a cosine, step by step, or constant."""

    def lr_factor(self, progress: float) -> float:
        """Learning rate relative to its start after the fraction `progress` of the training."""
        return 0.5 * (1 + math.cos(math.pi * progress)) if self.lr == "cosine" else 1.0
