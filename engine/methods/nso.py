"""Random weight perturbation in both directions: a gradient at w + ε and one at w − ε, which do not depend on each other."""

from typing import ClassVar, Literal

from engine.fields import knob
from engine.methods.base import RandomPerturbation, SigmaSchedule
from engine.methods.context import StepContext


class NSO(RandomPerturbation):
    """Noise stability optimisation (Zhang, Li & Ju 2024, https://arxiv.org/abs/2306.08553).

    w ← w − γ ½[∇L_B(w + ε) + ∇L_B(w − ε)], ε ~ N(0, σ²): what is linear in ε cancels.
    """

    name: Literal["nso"] = "nso"
    sigma: float = knob(0.01, symbol="σ", step=0.0005, log_from=1e-3, live=True, ge=0, le=0.2)
    """Standard deviation of the noise of every weight, or what `distribution` makes of it. 0 turns the perturbation off."""
    sigma_schedule: SigmaSchedule = "constant"
    """How σ moves from σ/10 to σ (or back) over the training; `constant` keeps it."""
    distribution: Literal["filter", "filter-rms", "isotropic"] = knob("isotropic", advanced=True)
    """`isotropic`, as in their paper: standard deviation σ for every weight. `filter`: σ‖w‖ of each filter, as in RWP.

    `filter-rms`: σ times the root mean square of the filter's weights, ‖w‖/√n (Flat-LoRA).
    """
    bn_statistics: Literal["perturbed", "recalibrate"] = knob("perturbed", advanced=True)
    """Running statistics of BatchNorm: from the pass at w + ε, or measured at the weights before evaluating."""

    gradients: ClassVar[int] = 2
    streams: ClassVar[int] = 2

    def step(self, ctx: StepContext) -> None:
        batch, epsilon = ctx.batch(), ctx.noise(self)
        g_plus, g_minus = ctx.gradients(ctx.at(ctx.weights + epsilon, batch), ctx.at(ctx.weights - epsilon, batch))
        ctx.update(ctx.mix(g_plus, g_minus, 0.5))
