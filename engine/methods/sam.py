"""Adversarial weight perturbation."""

from typing import TYPE_CHECKING, ClassVar, Literal

from engine.methods.base import Batches, Method, Statistics
from engine.schema import knob

if TYPE_CHECKING:
    from engine.loop import Loop


class SAM(Method):
    """Sharpness-aware minimisation (Foret et al. 2020, https://arxiv.org/abs/2010.01412; eq. 7 and 8).

    ε = ρ g/‖g‖₂ with g = ∇L_B(w) and one norm over all weights; w ← w − γ ∇L_B(w + ε).
    """

    name: Literal["sam"] = "sam"
    rho: float = knob(0.05, symbol="ρ", step=0.005, ge=0, le=2)
    """Radius of the ball in which the worst nearby loss is looked for."""
    batches: Batches = knob("same", advanced=True)
    """Whether ε and the update are computed on the same mini-batch (as in the paper) or on different ones."""
    bn_statistics: Statistics = knob("clean", advanced=True)
    """Which of the two passes moves BatchNorm's running statistics."""

    @property
    def statistics(self) -> Statistics:
        return self.bn_statistics

    gradients: ClassVar[int] = 2

    def step(self, loop: "Loop") -> None:
        batch = loop.batch()
        (g,) = loop.gradients(loop.at(loop.weights, batch))
        other = batch if self.batches == "same" else loop.batch(1)
        (g,) = loop.gradients(loop.at(loop.weights + loop.ascent(g, self.rho), other))
        loop.update(g)
