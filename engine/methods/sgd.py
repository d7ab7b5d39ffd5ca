"""The base optimizer alone."""

from typing import Literal

from engine.methods.base import Method
from engine.methods.context import StepContext


class SGD(Method):
    """Plain training: w ← w − γ ∇L_B(w), with whichever base optimizer is chosen."""

    name: Literal["sgd"] = "sgd"

    def step(self, ctx: StepContext) -> None:
        (g,) = ctx.gradients(ctx.at(ctx.weights, ctx.batch()))
        ctx.update(g)
