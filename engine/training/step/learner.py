"""Learner: the state of a training, the steps it takes, and what must be kept to resume it."""

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from engine.errors import Problem, Refused
from engine.experiment.schema import Experiment
from engine.training.data import TrainingSource
from engine.training.process_group import ALONE, ProcessGroup
from engine.training.step.context import Context
from engine.training.step.cuda_graph import DIFFERENCE, CapturedStep, CudaGraph, Graph, why_no_graph
from engine.training.step.inputs import StepInputs
from engine.training.step.metrics import StepMetrics
from engine.training.step.static_inputs import StaticInputs
from engine.training.step.timings import StepTimer
from engine.training.streams.choose import Choice, choose
from engine.training.streams.sequential import GradientTask, Sequential
from engine.training.weights.averaging import WeightAverage
from engine.training.weights.backward import Overflow
from engine.training.weights.flat_model import FlatModel


class Diverged(Exception):
    """A loss or a gradient is no longer a number."""


class Learner(Context):
    """The state of a training: takes its steps, in a way that it chooses, and is kept and restored."""

    make_graph: Callable[[torch.device], Graph] = CudaGraph

    def __init__(self, experiment: Experiment, model: FlatModel, data: TrainingSource, group: ProcessGroup = ALONE) -> None:
        super().__init__(experiment, model, data, group)
        self.samples = 0
        self._gradients = 0.0
        self._fresh = self._inputs
        self._captured: CapturedStep | None = None
        self._choice = Choice("sequential")
        self.average_weights = None if experiment.averaging.kind == "none" else WeightAverage(experiment.averaging, model.weights)

    def compile(self) -> float:
        """Compile the network by a pass that changes nothing; returns the seconds it took. Raises `Refused` if it cannot be."""
        began = time.perf_counter()
        self.model.module.train()
        trial = replace(self.at(self.weights, self.batch()), keeps_statistics=False)
        try:
            Sequential(self.model, self._numerics).run((trial,))
        except RuntimeError as error:
            from torch._dynamo.exc import TorchDynamoException

            if not isinstance(error, TorchDynamoException):
                raise
            reason = str(error).partition("\n")[0]
            raise Refused(Problem("runtime.compile", reason, "Install a C++ compiler, or turn runtime.compile off")) from None
        return time.perf_counter() - began

    def choose_streams(self, way: str | None = None) -> Choice:
        """Settle how the gradients of a step are run: as `way` says, or else as the experiment does."""
        self._streams, self._choice = choose(
            way, self.experiment, self._group, model=self.model, numerics=self._numerics, trial=self._trial
        )
        self.watch = StepTimer()  # without the trial
        self._capture()
        return self._choice

    def _trial(self) -> tuple[GradientTask, GradientTask]:
        self.model.module.train()
        return self.at(self.weights, self.batch(0)), self.at(self.weights, self.batch(1))

    def _capture(self) -> None:
        """Begin to repeat the work of a step by a CUDA graph, where that is wanted and can be."""
        self._captured = None
        if self.experiment.runtime.cuda_graph and not self._no_graph:
            graph, difference = self.make_graph(self.model.weights.device), DIFFERENCE[self.experiment.runtime.precision]
            inputs = StaticInputs(self.data, self.experiment.root, lambda: self.step, self.model.weights)
            self._captured = CapturedStep(graph, inputs, self._work, self._state, difference)

    @property
    def _no_graph(self) -> str:
        return why_no_graph(self.experiment, self.model.weights.device, self._group.size)

    @property
    def is_settled(self) -> bool:
        """Whether steps are taken as they will be from here on."""
        return self._captured is None or self._captured.is_trusted or bool(self._captured.reason)

    def _state(self) -> list[Tensor]:
        """What the work of a step may change."""
        past = [] if self._past is None else [self._past.v]
        return [self.model.weights, *self.model.buffers, *past, *self._memory.values()]

    @property
    def how(self) -> str:
        """How gradients and steps are run, and why, for people to read."""
        if not self.experiment.runtime.cuda_graph:
            return str(self._choice)
        return f"{self._choice}; {self._captured or f'no CUDA graph: {self._no_graph}'}"

    @property
    def steps(self) -> int:
        """Number of all steps."""
        return self.data.batch_schedule.steps(self.experiment.schedule.epochs)

    def change(self, experiment: Experiment) -> None:
        """Go on with `experiment`, which differs in live fields only. Raises `Refused` if it is over already."""
        batch_schedule = self.data.batch_schedule.with_size(self.step, experiment.schedule.batch_size)
        if batch_schedule.steps(experiment.schedule.epochs) < self.step:
            epoch, seen, _ = batch_schedule.at(self.step)
            least = epoch + (seen > 0)
            raise Refused(Problem("schedule.epochs", f"the training is already in epoch {least}", f"Ask for at least {least}"))
        self.data.follow(batch_schedule)
        if self._captured and _what_is_captured(experiment) != _what_is_captured(self.experiment):
            self._captured.forget()
        self.experiment = experiment
        self._numerics.smoothing = experiment.data.label_smoothing
        self._numerics.parts = experiment.runtime.accumulate
        self._optimizer.settings = experiment.optimizer

    @property
    def gradient_evaluations(self) -> int:
        """Gradients of whole mini-batches computed so far."""
        return int(self._gradients + 1e-6)

    def take_step(self) -> dict[str, float]:
        """Take one step as the method says; return what it was seen to do, by TensorBoard tag.

        Raises `Diverged` instead if it is not finite.
        """
        self.model.module.train()
        measured = {}
        try:
            self._metrics = self._replayed() or self._work(self._fresh)
        except Overflow:
            self._numerics.scale.overflowed()
        else:
            measured = self._move(self._metrics)
            self._numerics.scale.passed()
        self.samples += self._metrics.images
        self._gradients += self._metrics.images / self.experiment.schedule.batch_size
        self._metrics = StepMetrics()
        self.step += 1
        if self._numerics.scale.active:
            measured["train/loss_scale"] = self._numerics.scale.value
        if self.average_weights is not None:
            self.average_weights.after_step(self.model.weights, self.progress, self.data.batch_schedule.at(self.step).seen == 0)
        return measured

    def _work(self, inputs: StepInputs) -> StepMetrics:
        """What is done on the device until the direction is found."""
        self._inputs, self._metrics, self._numerics.restart = inputs, StepMetrics(inputs.numbers), inputs.restart
        try:
            self.experiment.method.step(self)
        finally:
            self._inputs, self._numerics.restart = self._fresh, self._fresh.restart
        return self._metrics

    def _replayed(self) -> StepMetrics | None:
        """The same by a CUDA graph, if there is one and it is for this step."""
        if self._captured is None:
            return None
        with self.watch.time("data"):
            is_ready = self._captured.bring()
        if not is_ready:
            return None
        with self.watch.time("gradients") if self._captured.is_trusted else nullcontext():
            return self._captured.update()

    def _move(self, metrics: StepMetrics) -> dict[str, float]:
        """One step of the base optimizer. Raises `Diverged` instead if anything that was seen is not finite."""
        with self.watch.time("gradients"):
            measured = metrics.read()
        with self.watch.time("optimizer"):
            measured["train/lr"] = lr = self._lr()
            for tag, value in measured.items():
                if not math.isfinite(value):
                    raise Diverged(f"{tag} is not finite at step {self.step + 1}")
            longest, norm = self.experiment.optimizer.clip_norm, measured["train/gradient_norm"]
            if longest and norm > longest:
                metrics.direction.mul_(longest / norm)
            self._optimizer.step(metrics.direction, lr)
        return measured

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on exactly from here."""
        return {
            "step": self.step,
            "samples": self.samples,
            "gradients": self._gradients,
            "stretches": [tuple(segment) for segment in self.data.batch_schedule.segments],
            "weights": self.model.weights,
            "buffers": self.model.buffers,
            "optimizer": self._optimizer.state,
            "v": None if self._past is None else self._past.v,
            "memory": self._memory,
            "loss_scale": self._numerics.scale.state_dict(),
            "average": None if self.average_weights is None else self.average_weights.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to what `state` gave, and on from there with the experiment as it is now."""
        self.step, self.samples = state["step"], state["samples"]
        size = self.experiment.schedule.batch_size  # which was the same all the time where a checkpoint does not tell of it
        self._gradients = state.get("gradients", self.samples / size)
        past = self.data.batch_schedule.with_segments(state.get("stretches", [(0, 0, 0, size)]))
        self.data.follow(past.with_size(self.step, size))
        self.model.weights.copy_(state["weights"])
        self.model.restore_buffers(state["buffers"])
        for name, value in self._optimizer.state.items():
            value.copy_(state["optimizer"][name])
        if state["v"] is not None:
            self.past.v.copy_(state["v"])
        self._memory = state["memory"]
        self._numerics.scale.load_state_dict(state["loss_scale"])
        if self.average_weights is not None:
            self.average_weights.load_state_dict(state["average"])
        if self._captured:
            self._captured.forget()


def _what_is_captured(experiment: Experiment) -> tuple[object, ...]:
    """Those of the live fields that are part of a step's work; σ is brought to it."""
    method = experiment.method.model_dump(exclude={"sigma"})
    return method, experiment.data.label_smoothing, experiment.runtime.accumulate, experiment.schedule.batch_size
