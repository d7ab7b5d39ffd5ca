"""What every training method is: settings, and one step in terms of what a step context offers."""

import math
from typing import ClassVar, Literal

from engine.fields import Section, knob
from engine.methods.context import Batch, StepContext

Batches = Literal["same", "different"]
Statistics = Literal["clean", "perturbed", "recalibrate"]
SigmaSchedule = Literal["constant", "cosine-increase", "linear-increase", "cosine-decrease"]


class Method(Section):
    """A training method. `step` takes one step and says nothing about how its gradients are run."""

    gradients: ClassVar[int] = 1
    """Gradient evaluations per step."""
    streams: ClassVar[int] = 1
    """Gradients of one step that do not depend on each other."""

    @property
    def statistics(self) -> Statistics:
        """Which pass of a step moves BatchNorm's running statistics."""
        return "clean"

    def step(self, ctx: StepContext) -> None:
        raise NotImplementedError


class RandomPerturbation(Method):
    """Settings shared by the methods that train at w + ε with random ε (Li et al. 2024, section 4)."""

    sigma: float = knob(0.01, symbol="σ", step=0.0005, log_from=1e-3, live=True, ge=0, le=0.2)
    """Size of the random perturbation, relative to the norm of each filter. 0 turns the perturbation off."""
    sigma_schedule: SigmaSchedule = "cosine-increase"
    """How σ moves from σ/10 to σ (or back) over the training; `constant` keeps it."""
    distribution: Literal["filter", "filter-rms", "isotropic"] = knob("filter", advanced=True)
    """`filter`: standard deviation σ‖w‖ of each filter. `isotropic`: σ for every weight (eq. 2).

    `filter-rms`: σ times the root mean square of the filter's weights, ‖w‖/√n, so that large filters get no more noise than
    small ones (Flat-LoRA, https://arxiv.org/abs/2409.14396).
    """
    one_dimensional: Literal["vector", "element", "skip"] = knob("vector", advanced=True)
    """Biases and norm scales: standard deviation σ times the norm of the whole vector, of each element, or none."""
    position_embeddings: Literal["tokens", "authors"] = knob("tokens", advanced=True)
    """`tokens`: class token and position embeddings have a filter a token. `authors`: each is one filter, as in their code,
    which puts 7 to 8 times as much noise there."""

    bn_statistics: Literal["perturbed", "recalibrate"] = knob("perturbed", advanced=True)
    """Running statistics of BatchNorm: from the perturbed pass, or measured at the weights before evaluating."""

    @property
    def statistics(self) -> Statistics:
        return self.bn_statistics

    def sigma_at(self, progress: float) -> float:
        """σ after the fraction `progress` in [0, 1] of the training."""
        start = self.sigma / 10
        rise = {
            "constant": 1.0,
            "cosine-increase": 0.5 * (1 - math.cos(math.pi * progress)),
            "linear-increase": progress,
            "cosine-decrease": 0.5 * (1 + math.cos(math.pi * progress)),
        }[self.sigma_schedule]
        return start + (self.sigma - start) * rise if rise != 1.0 else self.sigma


class Adaptive(Section):
    """Settings of the damping by past gradients (eq. 15)."""

    eta: float = knob(0.1, symbol="η", step=0.01, log_from=1e-3, live=True, ge=0, le=10)
    """How strongly large past gradients damp the perturbation; 0 gives the undamped method."""
    beta: float = knob(0.99, symbol="β", step=0.001, live=True, ge=0, le=0.9999)
    """Memory of the squared gradients: v ← βv + g²."""
    adaptive_exponent: float = knob(0.5, step=0.05, advanced=True, live=True, ge=0, le=2)
    """Exponent p of the damping 1/(1 + ηv)^p: ½ as in the authors' code, ¼ if eq. 15 is read as a variance."""


class Mixed(RandomPerturbation):
    """Settings of the methods that mix a gradient at w + ε with one at w (eq. 12 and 13)."""

    sigma: float = knob(0.015, symbol="σ", step=0.0005, log_from=1e-3, live=True, ge=0, le=0.2)
    """Size of the random perturbation, relative to the norm of each filter. 0 turns the perturbation off."""
    lambda_: float = knob(0.5, alias="lambda", symbol="λ", step=0.01, live=True, ge=0, le=1)
    """Share of the perturbed gradient in the step; the rest is the gradient at the weights themselves."""
    sigma_schedule: SigmaSchedule = "constant"
    """How σ moves from σ/10 to σ (or back) over the training; `constant` keeps it."""
    batches: Batches = "different"
    """Whether the two gradients of a step see different mini-batches (as in the paper) or the same one."""
    bn_statistics: Statistics = knob("clean", advanced=True)  # type: ignore[assignment]
    """Which of the two passes moves BatchNorm's running statistics; `recalibrate` measures them before evaluating."""

    gradients: ClassVar[int] = 2
    streams: ClassVar[int] = 2

    def two_batches(self, ctx: StepContext) -> tuple[Batch, Batch]:
        """B₁ for the perturbed gradient and B₂ for the clean one."""
        b2 = ctx.batch()
        return (b2 if self.batches == "same" else ctx.batch(1)), b2
