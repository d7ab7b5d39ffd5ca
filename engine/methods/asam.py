"""Adversarial weight perturbation that does not depend on the scale of the weights."""

from typing import TYPE_CHECKING, Literal

from engine.fields import knob
from engine.methods.context import Perturbation, StepContext
from engine.methods.sam import Adversarial

if TYPE_CHECKING:
    from torch import Tensor


class ASAM(Adversarial):
    """Adaptive sharpness-aware minimisation (Kwon et al. 2021, https://arxiv.org/abs/2102.11600).

    ε = ρ T²g/‖Tg‖₂ with T = |w| + 0.01; w ← w − γ ∇L_B(w + ε).
    In the authors' code T = 1 for parameters that are not called `weight`.
    """

    name: Literal["asam"] = "asam"
    rho: float = knob(0.5, symbol="ρ", step=0.05, log_from=1e-2, live=True, ge=0, le=10)
    """Radius of the ball searched for the worst nearby loss, in units of the weights themselves."""

    scaling: Literal["all", "weights"] = knob("all", advanced=True)
    """`all`: T follows the size of every parameter. `weights`: as in the authors' code not that of biases, where it is 1."""

    def epsilon(self, ctx: StepContext, g: "Tensor") -> Perturbation:
        return ctx.ascent(g, self.rho, scaled=0.01, only="weight" if self.scaling == "weights" else "")
