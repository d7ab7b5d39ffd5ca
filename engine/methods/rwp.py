"""Random weight perturbation and its adaptive form: one gradient per step."""

from typing import Literal

from engine.methods.base import Adaptive, RandomPerturbation
from engine.methods.context import StepContext


class RWP(RandomPerturbation):
    """Random weight perturbation (Bisla et al. 2022; Li et al. 2024, eq. 9 and 10).

    ε ~ N(0, σ² diag‖w⁽ʲ⁾‖²), filter by filter; w ← w − γ ∇L_B(w + ε).
    """

    name: Literal["rwp"] = "rwp"

    def step(self, ctx: StepContext) -> None:
        epsilon = ctx.noise(self)
        (g,) = ctx.gradients(ctx.at(ctx.weights + epsilon, ctx.batch()))
        ctx.update(g)


class ARWP(Adaptive, RandomPerturbation):
    """RWP with ε damped by past gradients (Li et al. 2024, eq. 15).

    The standard deviation of a filter is σ‖w⁽ʲ⁾‖/(1 + ηv⁽ʲ⁾)^p, with v ← βv + ‖g⁽ʲ⁾‖² after each step.
    """

    name: Literal["arwp"] = "arwp"

    def step(self, ctx: StepContext) -> None:
        epsilon = ctx.noise(self, damping=ctx.damping(self.eta, self.adaptive_exponent))
        (g,) = ctx.gradients(ctx.at(ctx.weights + epsilon, ctx.batch()))
        ctx.remember(g, self.beta)
        ctx.update(g)
