"""Random weight perturbation and its adaptive form: one gradient per update."""

from typing import TYPE_CHECKING, Literal

from engine.methods.base import Adaptive, RandomPerturbation

if TYPE_CHECKING:
    from engine.training.step.context import Verbs


class RWP(RandomPerturbation):
    """Random weight perturbation (Bisla et al. 2022; Li et al. 2024, eq. 9 and 10).

    ε ~ N(0, σ² diag‖w⁽ʲ⁾‖²), filter by filter; w ← w − γ ∇L_B(w + ε).
    """

    name: Literal["rwp"] = "rwp"

    def step(self, loop: "Verbs") -> None:
        epsilon = loop.noise(self)
        (g,) = loop.gradients(loop.at(loop.weights + epsilon, loop.batch()))
        loop.update(g)


class ARWP(Adaptive, RandomPerturbation):
    """RWP with ε damped by past gradients (Li et al. 2024, eq. 15).

    The standard deviation of a filter is σ‖w⁽ʲ⁾‖/(1 + ηv⁽ʲ⁾)^p, with v ← βv + ‖g⁽ʲ⁾‖² after each update.
    """

    name: Literal["arwp"] = "arwp"

    def step(self, loop: "Verbs") -> None:
        epsilon = loop.noise(self, damping=loop.damping(self.eta, self.adaptive_exponent))
        (g,) = loop.gradients(loop.at(loop.weights + epsilon, loop.batch()))
        loop.remember(g, self.beta)
        loop.update(g)
