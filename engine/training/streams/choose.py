"""Choose how the gradients of a step are run: as somebody says, or the way that is faster here."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.experiment.portions import is_apart
from engine.experiment.schema import Experiment
from engine.training.process_group import ProcessGroup
from engine.training.streams.distributed import Distributed
from engine.training.streams.executors import second_device, why_not_parallel
from engine.training.streams.parallel import Parallel
from engine.training.streams.sequential import GradientTask, Sequential
from engine.training.weights.backward import Backward
from engine.training.weights.flat_model import FlatModel

ROUNDS = 3
PATIENCE_SECONDS = 2.0
Streams = Sequential | Parallel | Distributed


@dataclass(frozen=True)
class Choice:
    """Which way of running two gradients was taken, and why: what both cost (median seconds), or what keeps from the other."""

    way: str
    sequential: float | None = None
    parallel: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        if not self.sequential or not self.parallel:
            return f"{self.way}: {self.reason}" if self.reason else self.way
        ratio, other = self.sequential / self.parallel, "sequential"
        if self.way == other:
            ratio, other = 1 / ratio, "parallel"
        return f"{self.way}: {ratio:.2f} × as fast as {other} here"


def choose(
    way: str | None,
    experiment: Experiment,
    group: ProcessGroup,
    *,
    model: FlatModel,
    numerics: Backward,
    trial: Callable[[], tuple[GradientTask, GradientTask]],
) -> tuple[Streams, Choice]:
    """The streams for `model`, as `way` or else `experiment` says; where that is `auto` both ways are timed on `trial`."""
    if group.size > 1:
        return Distributed(model, numerics, group, is_apart(experiment)), Choice("distributed")
    way = experiment.runtime.streams if way in (None, "distributed") else way
    sequential = Sequential(model, numerics)
    if way == "sequential" or experiment.method.streams == 1:
        return sequential, Choice("sequential")
    device, devices = model.weights.device, experiment.runtime.devices
    if reason := why_not_parallel(device, devices, way):
        return sequential, Choice("sequential", reason=reason)
    parallel = Parallel(model, numerics, second_device(device, devices))
    if way != "auto":
        return parallel, Choice("parallel")
    choice = faster(sequential, parallel, trial())
    return (parallel if choice.way == "parallel" else sequential), choice


def _is_clear(taken: dict[str, list[float]]) -> bool:
    """Whether one way has won every round so far by a third."""
    a, b = (times[1:] for times in taken.values())
    return max(a) * 4 / 3 < min(b) or max(b) * 4 / 3 < min(a)


def faster(sequential: Sequential, parallel: Parallel, passes: tuple[GradientTask, GradientTask]) -> Choice:
    """Time both ways in turn on the same two gradients; changes neither weights nor buffers."""
    trial = tuple(replace(one, keeps_statistics=False) for one in passes)
    taken: dict[str, list[float]] = {"sequential": [], "parallel": []}
    began = time.perf_counter()
    for round_ in range(ROUNDS + 1):
        for way, streams in (("sequential", sequential), ("parallel", parallel)):
            start = time.perf_counter()
            for gradient in streams.run(trial):
                gradient.loss.item()  # an accelerator answers when it is done
            taken[way].append(time.perf_counter() - start)
        if round_ and (_is_clear(taken) or time.perf_counter() - began > PATIENCE_SECONDS):
            break
    medians = {way: statistics.median(times[1:]) for way, times in taken.items()}
    return Choice(min(medians, key=lambda way: medians[way]), medians["sequential"], medians["parallel"])
