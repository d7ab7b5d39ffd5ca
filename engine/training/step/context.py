"""The step context: how what a method asks for in one step is computed."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from torch import Tensor

from engine.experiment.portions import is_apart, shards
from engine.experiment.schema import Experiment
from engine.methods.base import RandomPerturbation
from engine.methods.context import NoiseSettings, Weights
from engine.methods.gsam import GSAM
from engine.training.data import Batch, TrainingSource
from engine.training.process_group import ProcessGroup
from engine.training.step.anatomy import Anatomy
from engine.training.step.inputs import StepInputs
from engine.training.step.metrics import StepMetrics
from engine.training.step.timings import StepTimer, TimedPerturbation
from engine.training.streams.choose import Streams
from engine.training.streams.distributed import Distributed
from engine.training.streams.sequential import GradientTask, Sequential
from engine.training.weights.backward import Backward
from engine.training.weights.flat_model import FlatModel
from engine.training.weights.optimizers import Step, flat_optimizer
from engine.training.weights.perturbations import Ascent, Damping, FilterNoise, SquaredGradients


class Context:
    """Implements `StepContext`, whose docstrings it shares."""

    weights = Weights()

    def __init__(self, experiment: Experiment, model: FlatModel, data: TrainingSource, group: ProcessGroup) -> None:
        self.experiment = experiment
        self.model = model
        self.data = data
        self.watch = StepTimer()
        self.step = 0
        self._metrics = StepMetrics()
        self._inputs = StepInputs(data, experiment.root, lambda: self.step)
        self._memory: dict[str, Tensor] = {}
        self._past: SquaredGradients | None = None
        self._numerics = Backward(experiment, model.weights.device)
        self._optimizer = flat_optimizer(experiment.optimizer, model.weights)
        self._group = group
        self._streams: Streams = Sequential(model, self._numerics)
        self.anatomy: Anatomy | None = None
        """What looks on while the next step is taken."""

    @property
    def progress(self) -> float:
        return self.data.batch_schedule.progress(self.step, self.experiment.schedule.epochs)

    @property
    def past(self) -> SquaredGradients:
        """v of eq. 15, empty at first."""
        if self._past is None:
            method = self.experiment.method
            way = method.position_embeddings if isinstance(method, RandomPerturbation) else "tokens"
            self._past = SquaredGradients(self.model, way)
        return self._past

    def batch(self, stream: int = 0) -> Batch:
        with self.watch.time("data"):
            return self._inputs.batch(stream)

    def next_batch(self) -> Batch:
        with self.watch.time("data"):
            return self._inputs.batch(0, ahead=1)

    def shards(self, batch: Batch, size: int | None) -> list[Batch]:
        return batch.split(shards(len(batch), min(size, len(batch)))) if size else [batch]

    def parts(self, batch: Batch, count: int) -> list[Batch]:
        return batch.parts(count)

    def at(self, weights: Weights, batch: Batch) -> GradientTask:
        displacement = weights.displacement
        moved_by = "perturbed" if weights.is_perturbed else "clean"
        timed = TimedPerturbation(displacement, self.watch) if displacement else None
        return GradientTask(batch, timed, self.experiment.method.statistics == moved_by, weights.is_perturbed)

    def gradients(self, *passes: GradientTask) -> tuple[Tensor, ...]:
        with self.watch.time("gradients"):
            found = self._streams.run(_moving_statistics_once(passes))
        for one, gradient in zip(passes, found, strict=True):
            images = len(one.batch)
            self._metrics.images += images
            if self.anatomy is not None:
                self.anatomy.gradient(one.is_perturbed, gradient.radius, gradient.flat)
            if not one.is_perturbed:
                self._metrics.add({"train/loss": gradient.loss, "train/accuracy": gradient.accuracy}, images)
            else:
                assert gradient.radius is not None
                self._metrics.add({"train/perturbed_loss": gradient.loss, "train/perturbed_accuracy": gradient.accuracy}, images)
                self._metrics.add({"train/perturbation_radius": gradient.radius}, images)
        return tuple(gradient.flat for gradient in found)

    def average(self, directions: Iterable[Tensor], pieces: list[Batch]) -> Tensor:
        remaining = iter(directions)
        total = next(remaining)
        if len(pieces) == 1:
            return total
        total = total.clone()
        shares = [len(piece) / len(pieces[0]) for piece in pieces]
        for direction, share in zip(remaining, shares[1:], strict=True):
            total.add_(direction, alpha=share)
        return total.div_(sum(shares))

    def noise(self, settings: NoiseSettings, damping: Callable[[], Tensor] | None = None, draw: int = 0) -> FilterNoise:
        sigma = self._inputs.number("train/sigma", self._sigma)
        return FilterNoise(self.model, settings, sigma, self._inputs.normal(draw), damping)

    def _sigma(self) -> float:
        method = self.experiment.method
        assert isinstance(method, RandomPerturbation)
        return method.sigma_at(self.progress)

    def ascent(self, gradient: Tensor, rho: float | Tensor, scaled: float | None = None, only: str = "") -> Ascent:
        return Ascent(gradient, rho, scaled, self.model.named(only) if only else None)

    @property
    def momentum(self) -> Tensor:
        return self._optimizer.momentum

    def weights_after(self, direction: Tensor) -> Weights:
        return Weights(Step(self._optimizer, direction, self._inputs.number("train/lr", self._lr)))

    def _lr(self) -> float:
        return self.experiment.optimizer.lr * self.experiment.schedule.lr_factor(self.progress)

    def falling_rho(self) -> float | Tensor:
        return self._inputs.number("train/rho", self._rho)

    def _rho(self) -> float:
        method = self.experiment.method
        assert isinstance(method, GSAM)
        return method.rho_at(self.experiment.schedule.lr_factor(self.progress))

    def memory(self, name: str) -> Tensor | None:
        return self._memory.get(name)

    def follow(self, name: str, vector: Tensor, beta: float) -> None:
        if name not in self._memory:
            self._memory[name] = vector.clone() if self.experiment.format > 1 else torch.zeros_like(vector)
        self._memory[name].lerp_(vector, 1 - beta)

    def damping(self, eta: float, exponent: float) -> Damping:
        return Damping(self.past, eta, exponent)

    def remember(self, gradient: Tensor, beta: float) -> None:
        with self.watch.time("optimizer"):
            self.past.add(gradient, beta)

    def mix(self, g: Tensor, g_perturbed: Tensor, weight: float) -> Tensor:
        with self.watch.time("optimizer"):
            self._metrics.add({"train/gradient_cosine": torch.dot(g, g_perturbed) / (g.norm() * g_perturbed.norm() + 1e-30)})
            return g.lerp_(g_perturbed, weight)

    def update(self, direction: Tensor) -> None:
        with self.watch.time("optimizer"):
            if isinstance(self._streams, Distributed) and is_apart(self.experiment):
                self._group.everyone.average(direction, *self._memory.values())
            self._metrics.direction = direction
            if self.anatomy is not None:
                self.anatomy.direction(direction)
            self._metrics.add({"train/gradient_norm": direction.norm()})


def _moving_statistics_once(passes: tuple[GradientTask, ...]) -> tuple[GradientTask, ...]:
    """The same tasks, of which only the first that moves BatchNorm's running statistics still does."""
    first = next((i for i, one in enumerate(passes) if one.keeps_statistics), 0)
    return tuple(replace(one, keeps_statistics=one.keeps_statistics and i == first) for i, one in enumerate(passes))
