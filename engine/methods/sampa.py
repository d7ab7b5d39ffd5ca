"""Adversarial weight perturbation whose two gradients do not depend on each other."""

from typing import ClassVar, Literal

from engine.fields import knob
from engine.methods.base import Method, Statistics
from engine.methods.context import StepContext

G_Y = "gradient at y"


class SAMPa(Method):
    """Parallelised sharpness-aware minimisation, SAMPa-λ (Xie et al. 2024, https://arxiv.org/abs/2410.10683).

    x̃ = x + ρ g(y)/‖g(y)‖₂ and y⁺ = x − γ g(y); x⁺ = x − γ [(1 − λ) ∇L_B(x̃) + λ ∇L_B⁺(y⁺)], with B⁺ the next mini-batch. There
    ∇L_B⁺(y⁺) is g(y) of the next step. At first y = x, and one gradient more finds g(y).

    As in the authors' code, γ g(y) is the step that the base optimizer would take along g(y), with momentum and weight decay.
    """

    name: Literal["sampa"] = "sampa"
    rho: float = knob(0.05, symbol="ρ", step=0.005, log_from=1e-3, live=True, ge=0, le=2)
    """Radius of the ball in which the worst nearby loss is looked for."""
    lambda_: float = knob(0.2, alias="lambda", symbol="λ", step=0.01, live=True, ge=0, le=1)
    """Share of the gradient at y in the step; 0 is SAM with the ascent direction of y, 1 looks for no worst loss."""
    bn_statistics: Statistics = knob("clean", advanced=True)
    """Running statistics of BatchNorm: from the pass at y (`clean`), at x̃ (`perturbed`), or measured before evaluating."""

    gradients: ClassVar[int] = 2
    streams: ClassVar[int] = 2

    @property
    def statistics(self) -> Statistics:
        return self.bn_statistics

    def step(self, ctx: StepContext) -> None:
        g_y = ctx.memory(G_Y)
        if g_y is None:
            (g_y,) = ctx.gradients(ctx.at(ctx.weights, ctx.batch()))
            g_y = g_y.clone()
        x_tilde, y = ctx.weights + ctx.ascent(g_y, self.rho), ctx.weights_after(g_y)
        g_tilde, g_y = ctx.gradients(ctx.at(x_tilde, ctx.batch()), ctx.at(y, ctx.next_batch()))
        ctx.follow(G_Y, g_y, beta=0)
        ctx.update(ctx.mix(g_tilde, g_y, self.lambda_))
