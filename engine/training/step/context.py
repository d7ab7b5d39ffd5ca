"""Verbs: what a method may ask for during one update."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.experiment.portions import is_apart, shards
from engine.experiment.schema import Experiment
from engine.methods.base import RandomPerturbation
from engine.methods.gsam import GSAM
from engine.training.data import Batch, TrainingSource
from engine.training.process_group import World
from engine.training.step.inputs import Fresh
from engine.training.step.metrics import Notes
from engine.training.step.timings import Stopwatch, Timed
from engine.training.streams.distributed import Distributed
from engine.training.streams.parallel import Parallel
from engine.training.streams.sequential import Pass, Sequential
from engine.training.weights.backward import Numerics
from engine.training.weights.flat_model import Replica
from engine.training.weights.perturbations import Ascent, Damping, FilterNoise, PastGradients, Perturbation


@dataclass(frozen=True)
class Weights:
    """The weights w, or with a perturbation added to them w + ε."""

    perturbation: Perturbation | None = None

    def __add__(self, perturbation: Perturbation) -> "Weights":
        return Weights(perturbation)


class Verbs:
    """The words in which a method describes an update, and what they act upon."""

    weights = Weights()

    def __init__(self, experiment: Experiment, replica: Replica, data: TrainingSource, world: World) -> None:
        self.experiment = experiment
        self.replica = replica
        self.data = data
        self.watch = Stopwatch()
        self.step = 0
        self._notes = Notes()
        self._inputs = Fresh(self)
        self._memory: dict[str, Tensor] = {}
        self._past: PastGradients | None = None
        self._numerics = Numerics(experiment, replica.weights.device)
        self._world = world
        self._streams: Sequential | Parallel | Distributed = Sequential(replica, self._numerics)

    @property
    def progress(self) -> float:
        """Fraction of all epochs that is done."""
        return self.data.timetable.progress(self.step, self.experiment.schedule.epochs)

    @property
    def past(self) -> PastGradients:
        """v of eq. 15, empty at first."""
        if self._past is None:
            method = self.experiment.method
            way = method.position_embeddings if isinstance(method, RandomPerturbation) else "tokens"
            self._past = PastGradients(self.replica, way)
        return self._past

    def batch(self, stream: int = 0) -> Batch:
        """The mini-batch of this update in one of the independent orders of the training set."""
        with self.watch.time("data"):
            return self._inputs.batch(stream)

    def shards(self, batch: Batch, size: int | None) -> list[Batch]:
        """`batch` in pieces of `size` images, or whole."""
        return batch.split(shards(len(batch), min(size, len(batch)))) if size else [batch]

    def parts(self, batch: Batch, count: int) -> list[Batch]:
        """`batch` in `count` pieces of as equal a size as can be."""
        return batch.parts(count)

    def at(self, weights: Weights, batch: Batch) -> Pass:
        """The gradient of the mean loss on `batch` at `weights`, to be handed to `gradients`."""
        perturbation = weights.perturbation
        moved_by = "clean" if perturbation is None else "perturbed"
        timed = Timed(perturbation, self.watch) if perturbation else None
        return Pass(batch, timed, self.experiment.method.statistics == moved_by)

    def gradients(self, *passes: Pass) -> tuple[Tensor, ...]:
        """The gradients of passes that do not depend on each other, each of shape (d,)."""
        with self.watch.time("gradients"):
            found = self._streams.run(passes)
        for one, gradient in zip(passes, found, strict=True):
            images = len(one.batch)
            self._notes.images += images
            if gradient.radius is None:
                self._notes.add({"train/loss": gradient.loss, "train/accuracy": gradient.accuracy}, images)
            else:
                self._notes.add({"train/perturbed_loss": gradient.loss, "train/perturbed_accuracy": gradient.accuracy}, images)
                self._notes.add({"train/perturbation_radius": gradient.radius}, images)
        return tuple(gradient.flat for gradient in found)

    def average(self, directions: Iterable[Tensor], pieces: list[Batch]) -> Tensor:
        """The mean over all images of `pieces`, each of which has one of the directions, taken one at a time."""
        remaining = iter(directions)
        total = next(remaining)
        if len(pieces) == 1:
            return total
        total = total.clone()
        shares = [len(piece) / len(pieces[0]) for piece in pieces]
        for direction, share in zip(remaining, shares[1:], strict=True):
            total.add_(direction, alpha=share)
        return total.div_(sum(shares))

    def noise(self, method: RandomPerturbation, damping: Damping | None = None, draw: int = 0) -> FilterNoise:
        """A fresh random ε with σ as scheduled. It depends on seed, step and the number of the draw alone."""
        sigma = self._inputs.number("train/sigma", self._sigma)
        return FilterNoise(self.replica, method, sigma, self._inputs.normal(draw), damping)

    def _sigma(self) -> float:
        method = self.experiment.method
        assert isinstance(method, RandomPerturbation)
        return method.sigma_at(self.progress)

    def ascent(self, gradient: Tensor, rho: float | Tensor, scaled: float | None = None, only: str = "") -> Ascent:
        """ε = ρ g/‖g‖₂, or with T = |w| + `scaled`: ρ T²g/‖Tg‖₂; T = 1 for parameters without `only` in their name."""
        return Ascent(gradient, rho, scaled, self.replica.named(only) if only else None)

    def falling_rho(self) -> float | Tensor:
        """The ρ of a method in which it falls with the learning rate."""
        return self._inputs.number("train/rho", self._rho)

    def _rho(self) -> float:
        method = self.experiment.method
        assert isinstance(method, GSAM)
        return method.rho_at(self.experiment.schedule.lr_factor(self.progress))

    def memory(self, name: str) -> Tensor | None:
        """A vector (d,) that lasts from update to update; None until it follows something."""
        return self._memory.get(name)

    def follow(self, name: str, vector: Tensor, beta: float) -> None:
        """m ← βm + (1 − β) `vector` for the memory m; at first m is the vector itself, in experiments of format 1 zero."""
        if name not in self._memory:
            self._memory[name] = vector.clone() if self.experiment.format > 1 else torch.zeros_like(vector)
        self._memory[name].lerp_(vector, 1 - beta)

    def damping(self, eta: float, exponent: float) -> Damping:
        """The factors 1/(1 + ηv)^p with which past gradients damp ε."""
        return Damping(self.past, eta, exponent)

    def remember(self, gradient: Tensor, beta: float) -> None:
        """v ← βv + g²."""
        with self.watch.time("optimizer"):
            self.past.add(gradient, beta)

    def mix(self, g: Tensor, g_perturbed: Tensor, weight: float) -> Tensor:
        """(1 − λ) g + λ g_perturbed, in place of g."""
        with self.watch.time("optimizer"):
            self._notes.add({"train/gradient_cosine": torch.dot(g, g_perturbed) / (g.norm() * g_perturbed.norm() + 1e-30)})
            return g.lerp_(g_perturbed, weight)

    def update(self, direction: Tensor) -> None:
        """Let the update be a step of the base optimizer along `direction`, which is the last that a method says."""
        with self.watch.time("optimizer"):
            if isinstance(self._streams, Distributed) and is_apart(self.experiment):
                self._world.everyone.average(direction, *self._memory.values())
            self._notes.direction = direction
            self._notes.add({"train/gradient_norm": direction.norm()})
