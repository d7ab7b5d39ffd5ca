"""Adversarial weight perturbation along the momentum: one gradient per step."""

from typing import Literal

from engine.fields import knob
from engine.methods.base import Method, Statistics
from engine.methods.context import StepContext


class MSAM(Method):
    """Momentum-SAM (Becker et al. 2024, https://arxiv.org/abs/2401.12033): SAM at the price of plain training.

    w ← w − γ ∇L_B(w − ρ v/‖v‖₂), with v the momentum buffer of SGD, or the first moment of Adam. It adds up gradients, so −v is
    where the last step led; on from there the loss of the next mini-batch rises, as steps overshoot where the curvature is large.
    At the first step v = 0, and nothing is perturbed.
    """

    name: Literal["msam"] = "msam"
    rho: float = knob(0.3, symbol="ρ", step=0.05, log_from=1e-2, live=True, ge=0, le=10)
    """Length of the perturbation along the momentum; 0 turns it off. It wants to be several times the ρ of SAM."""
    bn_statistics: Literal["perturbed", "recalibrate"] = knob("perturbed", advanced=True)
    """Running statistics of BatchNorm: from the perturbed pass, or measured at the weights before evaluating."""

    @property
    def statistics(self) -> Statistics:
        return self.bn_statistics

    def step(self, ctx: StepContext) -> None:
        epsilon = ctx.ascent(ctx.momentum, -self.rho)
        (g,) = ctx.gradients(ctx.at(ctx.weights + epsilon, ctx.batch()))
        ctx.update(g)
