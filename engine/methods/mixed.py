"""The mixed loss: a gradient at w + ε and one at w, which do not depend on each other."""

from typing import Literal

from engine.methods.base import Adaptive, Mixed
from engine.methods.context import StepContext


class MRWP(Mixed):
    """Mixed random weight perturbation, m-RWP (Li et al. 2024, eq. 12 and 13).

    w ← w − γ [λ ∇L_B₁(w + ε) + (1 − λ) ∇L_B₂(w)], ε as in RWP.
    """

    name: Literal["m-rwp"] = "m-rwp"

    def step(self, ctx: StepContext) -> None:
        b1, b2 = self.two_batches(ctx)
        epsilon = ctx.noise(self)
        g_perturbed, g = ctx.gradients(ctx.at(ctx.weights + epsilon, b1), ctx.at(ctx.weights, b2))
        ctx.update(ctx.mix(g, g_perturbed, self.lambda_))


class MARWP(Adaptive, Mixed):
    """Mixed adaptive random weight perturbation, m-ARWP (Li et al. 2024, eq. 13 with eq. 15).

    m-RWP whose ε is damped by the past perturbed gradients, as in ARWP.
    """

    name: Literal["m-arwp"] = "m-arwp"

    def step(self, ctx: StepContext) -> None:
        b1, b2 = self.two_batches(ctx)
        epsilon = ctx.noise(self, damping=ctx.damping(self.eta, self.adaptive_exponent))
        g_perturbed, g = ctx.gradients(ctx.at(ctx.weights + epsilon, b1), ctx.at(ctx.weights, b2))
        ctx.remember(g_perturbed, self.beta)
        ctx.update(ctx.mix(g, g_perturbed, self.lambda_))
