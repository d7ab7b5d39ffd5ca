"""Loop: what a method may ask for during one update."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.datasets import Batch, TrainingData
from engine.experiment import Adam, AdamW, Experiment, SGDOptimizer
from engine.methods import Method
from engine.methods.base import RandomPerturbation
from engine.noise import Ascent, Damping, FilterNoise, PastGradients, Perturbation
from engine.randomness import generator
from engine.replica import Replica
from engine.streams import Pass, Sequential


class Diverged(Exception):
    """A loss or a gradient is no longer a number."""


@dataclass(frozen=True)
class Weights:
    """The weights w, or with a perturbation added to them w + ε."""

    perturbation: Perturbation | None = None

    def __add__(self, perturbation: Perturbation) -> "Weights":
        return Weights(perturbation)


class Loop:
    """The state of a training, and the verbs in which a method describes one update of it."""

    weights = Weights()

    def __init__(self, experiment: Experiment, replica: Replica, data: TrainingData) -> None:
        self.experiment = experiment
        self.replica = replica
        self.data = data
        self.steps = experiment.schedule.epochs * data.steps_per_epoch
        self.step = 0
        self.samples = 0
        self.gradient_evaluations = 0
        self.metrics: dict[str, Tensor | float] = {}
        self.measured: dict[str, float] = {}
        self._past: PastGradients | None = None
        self._streams = Sequential(replica)
        self._parameter = torch.nn.Parameter(replica.weights)
        self._optimizer = _optimizer(experiment, self._parameter)

    @property
    def progress(self) -> float:
        """Fraction of all updates that are done."""
        return self.step / self.steps

    @property
    def past(self) -> PastGradients:
        """v of eq. 15, empty at first."""
        if self._past is None:
            self._past = PastGradients(self.replica)
        return self._past

    def batch(self, stream: int = 0) -> Batch:
        """The mini-batch of this update in one of the independent orders of the training set."""
        return self.data.batch(stream, self.step)

    def at(self, weights: Weights, batch: Batch) -> Pass:
        """The gradient of the mean loss on `batch` at `weights`, to be handed to `gradients`."""
        perturbation = weights.perturbation
        clean = perturbation is None
        return Pass(batch, perturbation, clean == (self.experiment.method.statistics == "clean"))

    def gradients(self, *passes: Pass) -> tuple[Tensor, ...]:
        """The gradients of passes that do not depend on each other, each of shape (d,)."""
        found = self._streams.run(passes)
        for one, gradient in zip(passes, found, strict=True):
            self.samples += len(one.batch.labels)
            self.gradient_evaluations += 1
            if gradient.radius is None:
                self.metrics |= {"train/loss": gradient.loss, "train/accuracy": gradient.accuracy}
            else:
                self.metrics |= {"train/perturbed_loss": gradient.loss, "train/perturbation_radius": gradient.radius}
                self.metrics.setdefault("train/accuracy", gradient.accuracy)
        return tuple(gradient.flat for gradient in found)

    def noise(self, method: RandomPerturbation, damping: Damping | None = None) -> FilterNoise:
        """A fresh random ε with σ as scheduled. The draw depends on seed and step alone."""
        sigma = method.sigma_at(self.progress)
        self.metrics["train/sigma"] = sigma
        source = generator(self.replica.weights.device, self.experiment.seed, "noise", self.step)
        return FilterNoise(self.replica, method, sigma, source, damping)

    def ascent(self, gradient: Tensor, rho: float) -> Ascent:
        """ε = ρ g/‖g‖₂."""
        return Ascent(gradient, rho)

    def damping(self, eta: float, exponent: float) -> Damping:
        """The factors 1/(1 + ηv)^p with which past gradients damp ε."""
        return Damping(self.past, eta, exponent)

    def remember(self, gradient: Tensor, beta: float) -> None:
        """v ← βv + g²."""
        self.past.add(gradient, beta)

    def mix(self, g: Tensor, g_perturbed: Tensor, weight: float) -> Tensor:
        """(1 − λ) g + λ g_perturbed, in place of g."""
        self.metrics["train/gradient_cosine"] = torch.dot(g, g_perturbed) / (g.norm() * g_perturbed.norm() + 1e-30)
        return g.lerp_(g_perturbed, weight)

    def update(self, direction: Tensor) -> None:
        """One step of the base optimizer along `direction`. Raises `Diverged` instead if it is not finite."""
        lr = self.experiment.optimizer.lr * self.experiment.schedule.lr_factor(self.progress)
        self.metrics |= {"train/gradient_norm": direction.norm(), "train/lr": lr}
        self.measured = self._read_metrics()
        for tag, value in self.measured.items():
            if not math.isfinite(value):
                raise Diverged(f"{tag} is not finite at step {self.step + 1}")
        self._optimizer.param_groups[0]["lr"] = lr
        self._parameter.grad = direction
        self._optimizer.step()
        self.step += 1

    def _read_metrics(self) -> dict[str, float]:
        """The metrics as plain numbers, fetched from the device in one go."""
        tensors = {tag: value for tag, value in self.metrics.items() if isinstance(value, Tensor)}
        fetched = dict(zip(tensors, torch.stack(list(tensors.values())).tolist(), strict=True))
        return {tag: fetched[tag] if isinstance(value, Tensor) else value for tag, value in self.metrics.items()}

    def train(self) -> dict[str, float]:
        """Make one update as the method says; return what it was seen to do, by TensorBoard tag."""
        self.metrics = {}
        self.replica.module.train()
        method: Method = self.experiment.method
        method.step(self)
        return self.measured

    def state(self) -> dict[str, Any]:
        """Everything needed to go on exactly from here."""
        return {
            "step": self.step,
            "samples": self.samples,
            "gradient_evaluations": self.gradient_evaluations,
            "weights": self.replica.weights,
            "buffers": self.replica.buffers,
            "optimizer": self._optimizer.state_dict(),
            "v": None if self._past is None else self._past.v,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` gave."""
        self.step, self.samples = state["step"], state["samples"]
        self.gradient_evaluations = state["gradient_evaluations"]
        self.replica.weights.copy_(state["weights"])
        self.replica.restore_buffers(state["buffers"])
        self._optimizer.load_state_dict(state["optimizer"])
        if state["v"] is not None:
            self.past.v.copy_(state["v"])


def _optimizer(experiment: Experiment, parameter: torch.nn.Parameter) -> torch.optim.Optimizer:
    chosen = experiment.optimizer
    match chosen:
        case SGDOptimizer():
            return torch.optim.SGD([parameter], chosen.lr, chosen.momentum, weight_decay=chosen.weight_decay, fused=True)
        case Adam():
            return torch.optim.Adam([parameter], chosen.lr, weight_decay=chosen.weight_decay, fused=True)
        case AdamW():
            return torch.optim.AdamW([parameter], chosen.lr, weight_decay=chosen.weight_decay, fused=True)
