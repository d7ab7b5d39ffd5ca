"""Adversarial weight perturbation that also closes the gap to the clean loss."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.fields import knob
from engine.methods.context import Batch, Perturbation, StepContext
from engine.methods.sam import SAM

if TYPE_CHECKING:
    from torch import Tensor


class GSAM(SAM):
    """Surrogate gap guided sharpness-aware minimisation (Zhuang et al. 2022, https://arxiv.org/abs/2203.08065).

    w ← w − γ (g_p − α g_⊥): g_p = ∇L_B(w + ε) as in SAM, g_⊥ the part of g = ∇L_B(w) at right angles to g_p.
    """

    name: Literal["gsam"] = "gsam"  # type: ignore[assignment]
    alpha: float = knob(0.4, symbol="α", step=0.05, live=True, ge=0, le=2)
    """Weight of the ascent along g_⊥; 0 gives SAM."""
    rho_min: float | None = Field(None, ge=0, le=2, json_schema_extra={"advanced": True})
    """Where ρ ends if it is to fall with the learning rate, as in the authors' code; empty keeps ρ as it is."""

    def rho_at(self, lr_factor: float) -> float:
        """ρ where the learning rate is the fraction `lr_factor` of its largest value."""
        return self.rho if self.rho_min is None else self.rho_min + (self.rho - self.rho_min) * lr_factor

    def epsilon(self, ctx: StepContext, g: "Tensor") -> Perturbation:
        return ctx.ascent(g, self.rho if self.rho_min is None else ctx.falling_rho())

    def direction(self, ctx: StepContext, first: Batch, second: Batch) -> "Tensor":
        (g,) = ctx.gradients(ctx.at(ctx.weights, first))
        g = g.clone()
        (g_p,) = ctx.gradients(ctx.at(ctx.weights + self.epsilon(ctx, g), second))
        g_parallel = g_p * (g.dot(g_p) / (g_p.dot(g_p) + 1e-30))
        return g_p - self.alpha * (g - g_parallel)
