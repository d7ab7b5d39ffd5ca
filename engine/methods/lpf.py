"""Random weight perturbation with several draws per step."""

from typing import Literal

from engine.fields import knob
from engine.methods.base import RandomPerturbation
from engine.methods.context import StepContext


class LPFSGD(RandomPerturbation):
    """Low-pass filtering SGD (Bisla et al. 2022, https://arxiv.org/abs/2201.08025).

    The mini-batch is split into M parts of as equal a size as can be, each seen at weights with a perturbation of its own:
    w ← w − γ Σᵢ |Bᵢ|/|B| ∇L_Bᵢ(w + εᵢ).
    """

    name: Literal["lpf-sgd"] = "lpf-sgd"
    draws: int = knob(8, symbol="M", ge=1, le=64)
    """Number of perturbations per step, each on its part of the mini-batch, whose images it may not exceed; 1 gives RWP."""

    def step(self, ctx: StepContext) -> None:
        parts = ctx.parts(ctx.batch(), self.draws)
        passes = (ctx.at(ctx.weights + ctx.noise(self, draw=i), part) for i, part in enumerate(parts))
        ctx.update(ctx.average((ctx.gradients(one)[0] for one in passes), parts))
