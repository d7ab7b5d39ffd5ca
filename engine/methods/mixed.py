"""The mixed loss: a gradient at w + ε and one at w, which do not depend on each other."""

from typing import TYPE_CHECKING, Literal

from engine.methods.base import Adaptive, Mixed

if TYPE_CHECKING:
    from engine.training.step.context import Verbs


class MRWP(Mixed):
    """Mixed random weight perturbation, m-RWP (Li et al. 2024, eq. 12 and 13).

    w ← w − γ [λ ∇L_B₁(w + ε) + (1 − λ) ∇L_B₂(w)], ε as in RWP.
    """

    name: Literal["m-rwp"] = "m-rwp"

    def step(self, loop: "Verbs") -> None:
        b1, b2 = self.two_batches(loop)
        epsilon = loop.noise(self)
        g_perturbed, g = loop.gradients(loop.at(loop.weights + epsilon, b1), loop.at(loop.weights, b2))
        loop.update(loop.mix(g, g_perturbed, self.lambda_))


class MARWP(Adaptive, Mixed):
    """Mixed adaptive random weight perturbation, m-ARWP (Li et al. 2024, eq. 13 with eq. 15).

    m-RWP whose ε is damped by the past perturbed gradients, as in ARWP.
    """

    name: Literal["m-arwp"] = "m-arwp"

    def step(self, loop: "Verbs") -> None:
        b1, b2 = self.two_batches(loop)
        epsilon = loop.noise(self, damping=loop.damping(self.eta, self.adaptive_exponent))
        g_perturbed, g = loop.gradients(loop.at(loop.weights + epsilon, b1), loop.at(loop.weights, b2))
        loop.remember(g_perturbed, self.beta)
        loop.update(loop.mix(g, g_perturbed, self.lambda_))
