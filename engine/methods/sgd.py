"""The base optimizer alone."""

from typing import TYPE_CHECKING, Literal

from engine.methods.base import Method

if TYPE_CHECKING:
    from engine.training.step.context import Verbs


class SGD(Method):
    """Plain training: w ← w − γ ∇L_B(w), with whichever base optimizer is chosen."""

    name: Literal["sgd"] = "sgd"

    def step(self, loop: "Verbs") -> None:
        (g,) = loop.gradients(loop.at(loop.weights, loop.batch()))
        loop.update(g)
