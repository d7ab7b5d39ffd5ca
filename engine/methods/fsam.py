"""Adversarial weight perturbation along what is particular to the mini-batch."""

from typing import TYPE_CHECKING, Literal

from engine.fields import knob
from engine.methods.context import Perturbation, StepContext
from engine.methods.sam import Adversarial

if TYPE_CHECKING:
    from torch import Tensor


class FSAM(Adversarial):
    """Friendly sharpness-aware minimisation (Li et al. 2024, https://arxiv.org/abs/2403.12350).

    ε = ρ d/‖d‖₂ with d = g − s m, where m ← βm + (1 − β)g follows the mean gradient after ε was found. At first d = g, and then
    m = g, as in their code.
    """

    name: Literal["fsam"] = "fsam"
    share: float = knob(1.0, symbol="s", step=0.05, live=True, ge=0, le=2)
    """How much of the mean gradient is taken out of the direction of ε; 0 gives SAM."""
    mean_beta: float = knob(0.6, symbol="β", step=0.01, live=True, ge=0, le=0.9999)
    """Memory of the mean gradient m."""

    def epsilon(self, ctx: StepContext, g: "Tensor") -> Perturbation:
        m = ctx.memory("mean gradient")
        d = g if m is None else g - self.share * m
        ctx.follow("mean gradient", g, self.mean_beta)
        return ctx.ascent(d, self.rho)
