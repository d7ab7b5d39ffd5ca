"""Adversarial weight perturbation: ε from the gradient at w, the step from the gradient at w + ε."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.fields import knob
from engine.methods.base import Batches, Method, Statistics
from engine.methods.context import Batch, Perturbation, StepContext

if TYPE_CHECKING:
    from torch import Tensor


class Adversarial(Method):
    """What SAM and its relatives share; they differ in ε, and some in what they make of the two gradients."""

    rho: float = knob(0.05, symbol="ρ", step=0.005, log_from=1e-3, live=True, ge=0, le=2)
    """Radius of the ball in which the worst nearby loss is looked for."""
    batches: Batches = knob("same", advanced=True)
    """Whether ε and the step are computed on the same mini-batch (as in the paper) or on different ones."""
    m_sharpness: int | None = Field(None, ge=1, json_schema_extra={"advanced": True})
    """Images per shard, each with an ε of its own (m-sharpness); empty takes the whole mini-batch as one."""
    bn_statistics: Statistics = knob("clean", advanced=True)
    """Which of the two passes moves BatchNorm's running statistics; `recalibrate` measures them before evaluating."""

    gradients: ClassVar[int] = 2

    @property
    def statistics(self) -> Statistics:
        return self.bn_statistics

    def step(self, ctx: StepContext) -> None:
        batch = ctx.batch()
        other = batch if self.batches == "same" else ctx.batch(1)
        shards = list(zip(ctx.shards(batch, self.m_sharpness), ctx.shards(other, self.m_sharpness), strict=True))
        ctx.update(ctx.average((self.direction(ctx, *pair) for pair in shards), [first for first, _ in shards]))

    def direction(self, ctx: StepContext, first: Batch, second: Batch) -> "Tensor":
        """The update direction on one shard."""
        (g,) = ctx.gradients(ctx.at(ctx.weights, first))
        (g,) = ctx.gradients(ctx.at(ctx.weights + self.epsilon(ctx, g), second))
        return g

    def epsilon(self, ctx: StepContext, g: "Tensor") -> Perturbation:
        """The perturbation that follows from g = ∇L_B(w), shape (d,)."""
        raise NotImplementedError


class SAM(Adversarial):
    """Sharpness-aware minimisation (Foret et al. 2020, https://arxiv.org/abs/2010.01412; eq. 7 and 8).

    ε = ρ g/‖g‖₂ with g = ∇L_B(w) and one norm over all weights; w ← w − γ ∇L_B(w + ε).
    """

    name: Literal["sam"] = "sam"

    def epsilon(self, ctx: StepContext, g: "Tensor") -> Perturbation:
        return ctx.ascent(g, self.rho)
