"""Loop: what a method may ask for during one update."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from engine.averaging import WeightAverage
from engine.datasets import Batch, TrainingSource
from engine.distributed import Distributed
from engine.errors import Problem, Refused
from engine.experiment import Experiment
from engine.lanes import neighbour, what_keeps_from
from engine.methods.base import RandomPerturbation
from engine.methods.sam import Adversarial
from engine.noise import Ascent, Damping, FilterNoise, PastGradients, Perturbation
from engine.numerics import Numerics, Overflow
from engine.optimizers import flat_optimizer
from engine.parallel import Choice, Parallel, faster
from engine.randomness import fill_normal
from engine.replica import Replica
from engine.stopwatch import Stopwatch, Timed
from engine.streams import Pass, Sequential
from engine.world import ALONE, World


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

    def __init__(self, experiment: Experiment, replica: Replica, data: TrainingSource, world: World = ALONE) -> None:
        self.experiment = experiment
        self.replica = replica
        self.data = data
        self.watch = Stopwatch()
        self.step = 0
        self.samples = 0
        self._gradients = 0.0
        self.average_weights = (
            None if experiment.averaging.kind == "none" else WeightAverage(experiment.averaging, replica.weights)
        )
        self._seen: dict[str, list[Tensor | float]] = {}
        self._measured: dict[str, float] = {}
        self._memory: dict[str, Tensor] = {}
        self._past: PastGradients | None = None
        self._numerics = Numerics(experiment, replica.weights.device)
        self._world = world
        self._streams: Sequential | Parallel | Distributed = Sequential(replica, self._numerics)
        self._optimizer = flat_optimizer(experiment.optimizer, replica.weights)

    def compile(self) -> float:
        """Compile the network by a pass that changes nothing; returns the seconds it took. Raises `Refused` if it cannot be."""
        began = time.perf_counter()
        self.replica.module.train()
        trial = replace(self.at(self.weights, self.batch()), keeps_statistics=False)
        try:
            Sequential(self.replica, self._numerics).run((trial,))
        except RuntimeError as error:
            from torch._dynamo.exc import TorchDynamoException

            if not isinstance(error, TorchDynamoException):
                raise
            reason = str(error).partition("\n")[0]
            raise Refused(Problem("runtime.compile", reason, "Install a C++ compiler, or turn runtime.compile off")) from None
        return time.perf_counter() - began

    def choose_streams(self, way: str | None = None) -> Choice:
        """Settle how the gradients of an update are run: as `way` says, or else as the experiment does."""
        if self._world.size > 1:
            self._streams = Distributed(self.replica, self._numerics, self._world, self._apart)
            return Choice("distributed")
        way = self.experiment.runtime.streams if way in (None, "distributed") else way
        self._streams = sequential = Sequential(self.replica, self._numerics)
        if way == "sequential" or self.experiment.method.streams == 1:
            return Choice("sequential")
        device, devices = self.replica.weights.device, self.experiment.runtime.devices
        if reason := what_keeps_from(device, devices, way):
            return Choice("sequential", reason=reason)
        parallel = Parallel(self.replica, self._numerics, neighbour(device, devices))
        choice = Choice("parallel")
        if way == "auto":
            self.replica.module.train()
            choice = faster(sequential, parallel, (self.at(self.weights, self.batch(0)), self.at(self.weights, self.batch(1))))
            self.watch = Stopwatch()
        self._streams = parallel if choice.way == "parallel" else sequential
        return choice

    @property
    def steps(self) -> int:
        """Number of all updates."""
        return self.data.timetable.steps(self.experiment.schedule.epochs)

    def change(self, experiment: Experiment) -> None:
        """Go on with `experiment`, which differs in live fields only. Raises `Refused` if it is over already."""
        timetable = self.data.timetable.with_size(self.step, experiment.schedule.batch_size)
        if timetable.steps(experiment.schedule.epochs) < self.step:
            epoch, seen, _ = timetable.at(self.step)
            least = epoch + (seen > 0)
            raise Refused(Problem("schedule.epochs", f"the training is already in epoch {least}", f"Ask for at least {least}"))
        self.data.follow(timetable)
        self.experiment = experiment
        self._numerics.smoothing = experiment.data.label_smoothing
        self._numerics.parts = experiment.runtime.accumulate
        self._optimizer.settings = experiment.optimizer

    @property
    def _apart(self) -> bool:
        """Whether every process finds an ε of its own, so that only directions are comparable."""
        return isinstance(self.experiment.method, Adversarial) and self.experiment.runtime.ascent == "per-process"

    @property
    def progress(self) -> float:
        """Fraction of all epochs that is done."""
        return self.data.timetable.progress(self.step, self.experiment.schedule.epochs)

    @property
    def gradient_evaluations(self) -> int:
        """Gradients of whole mini-batches computed so far."""
        return int(self._gradients + 1e-6)

    @property
    def past(self) -> PastGradients:
        """v of eq. 15, empty at first."""
        if self._past is None:
            self._past = PastGradients(self.replica)
        return self._past

    def batch(self, stream: int = 0) -> Batch:
        """The mini-batch of this update in one of the independent orders of the training set."""
        with self.watch.time("data"):
            return self.data.batch(stream, self.step)

    def shards(self, batch: Batch, size: int | None) -> list[Batch]:
        """`batch` in pieces of `size` images, or whole."""
        return batch.split(size) if size else [batch]

    def parts(self, batch: Batch, count: int) -> list[Batch]:
        """`batch` in `count` equal pieces."""
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
            self.samples += len(one.batch.labels)
            self._gradients += len(one.batch.labels) / self.experiment.schedule.batch_size
            if gradient.radius is None:
                self._note({"train/loss": gradient.loss, "train/accuracy": gradient.accuracy})
            else:
                self._note({"train/perturbed_loss": gradient.loss, "train/perturbed_accuracy": gradient.accuracy})
                self._note({"train/perturbation_radius": gradient.radius})
        return tuple(gradient.flat for gradient in found)

    def average(self, directions: Iterable[Tensor], count: int) -> Tensor:
        """The mean of `count` gradients, taken one at a time."""
        remaining = iter(directions)
        total = next(remaining)
        if count == 1:
            return total
        total = total.clone()
        for direction in remaining:
            total += direction
        return total.div_(count)

    def noise(self, method: RandomPerturbation, damping: Damping | None = None, draw: int = 0) -> FilterNoise:
        """A fresh random ε with σ as scheduled. It depends on seed, step and the number of the draw alone."""
        sigma = method.sigma_at(self.progress)
        self._note({"train/sigma": sigma})
        seed, step = self.experiment.seed, self.step
        return FilterNoise(self.replica, method, sigma, lambda out: fill_normal(out, seed, "noise", step, draw), damping)

    def ascent(self, gradient: Tensor, rho: float, scaled: float | None = None) -> Ascent:
        """ε = ρ g/‖g‖₂, or with T = |w| + `scaled`: ρ T²g/‖Tg‖₂."""
        return Ascent(gradient, rho, scaled)

    def memory(self, name: str) -> Tensor:
        """A vector (d,) that lasts from update to update, zero at first."""
        return self._memory.setdefault(name, torch.zeros_like(self.replica.weights))

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
            self._note({"train/gradient_cosine": torch.dot(g, g_perturbed) / (g.norm() * g_perturbed.norm() + 1e-30)})
            return g.lerp_(g_perturbed, weight)

    def update(self, direction: Tensor) -> None:
        """One step of the base optimizer along `direction`. Raises `Diverged` instead if it is not finite."""
        with self.watch.time("optimizer"):
            self._update(direction)

    def _update(self, direction: Tensor) -> None:
        if isinstance(self._streams, Distributed) and self._apart:
            self._world.everyone.average(direction, *self._memory.values())
        lr = self.experiment.optimizer.lr * self.experiment.schedule.lr_factor(self.progress)
        self._note({"train/gradient_norm": direction.norm(), "train/lr": lr})
        self._measured = self._read()
        for tag, value in self._measured.items():
            if not math.isfinite(value):
                raise Diverged(f"{tag} is not finite at step {self.step + 1}")
        if (longest := self.experiment.optimizer.clip_norm) and self._measured["train/gradient_norm"] > longest:
            direction.mul_(longest / self._measured["train/gradient_norm"])
        self._optimizer.step(direction, lr)
        self.step += 1

    def _note(self, values: dict[str, Tensor | float]) -> None:
        """Keep what this update was seen to do, by TensorBoard tag; what is noted twice is averaged."""
        for tag, value in values.items():
            self._seen.setdefault(tag, []).append(value)

    def _read(self) -> dict[str, float]:
        """What was noted, as plain numbers fetched from the device in one go."""
        tensors = [value for values in self._seen.values() for value in values if isinstance(value, Tensor)]
        fetched = iter(torch.stack(tensors).tolist())
        plain = {tag: [next(fetched) if isinstance(v, Tensor) else v for v in values] for tag, values in self._seen.items()}
        return {tag: sum(values) / len(values) for tag, values in plain.items()}

    def train(self) -> dict[str, float]:
        """Make one update as the method says; return what it was seen to do, by TensorBoard tag."""
        self._seen = {}
        self.replica.module.train()
        try:
            self.experiment.method.step(self)
            self._numerics.scale.passed()
        except Overflow:
            self._numerics.scale.overflowed()
            self._measured = {}
            self.step += 1
        if self._numerics.scale.active:
            self._measured["train/loss_scale"] = self._numerics.scale.value
        if self.average_weights is not None:
            self.average_weights.after_update(self.replica.weights, self.progress, self.data.timetable.at(self.step).seen == 0)
        return self._measured

    def state(self) -> dict[str, Any]:
        """Everything needed to go on exactly from here."""
        return {
            "step": self.step,
            "samples": self.samples,
            "gradients": self._gradients,
            "stretches": [tuple(stretch) for stretch in self.data.timetable.stretches],
            "weights": self.replica.weights,
            "buffers": self.replica.buffers,
            "optimizer": self._optimizer.state,
            "v": None if self._past is None else self._past.v,
            "memory": self._memory,
            "loss_scale": self._numerics.scale.state(),
            "average": None if self.average_weights is None else self.average_weights.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` gave, and on from there with the experiment as it is now."""
        self.step, self.samples = state["step"], state["samples"]
        size = self.experiment.schedule.batch_size  # which was the same all the time where a checkpoint does not tell of it
        self._gradients = state.get("gradients", self.samples / size)
        past = self.data.timetable.with_stretches(state.get("stretches", [(0, 0, 0, size)]))
        self.data.follow(past.with_size(self.step, size))
        self.replica.weights.copy_(state["weights"])
        self.replica.restore_buffers(state["buffers"])
        for name, value in self._optimizer.state.items():
            value.copy_(state["optimizer"][name])
        if state["v"] is not None:
            self.past.v.copy_(state["v"])
        self._memory = state["memory"]
        self._numerics.scale.restore(state["loss_scale"])
        if self.average_weights is not None:
            self.average_weights.restore(state["average"])
