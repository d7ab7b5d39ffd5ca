"""Two gradients at the same time, on two CPU cores."""

import copy
import os
import statistics
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.numerics import Numerics
from engine.replica import Replica
from engine.streams import Gradient, Pass, Sequential

ROUNDS = 3
PATIENCE_SECONDS = 2.0


class Parallel:
    """One gradient in this thread, the other in a worker thread on a network of its own; one core each.

    Gives bitwise the numbers of `Sequential` on one intra-op thread. Buffers such as BatchNorm's belong to the first
    network; the second one's are never looked at.
    """

    def __init__(self, replica: Replica, numerics: Numerics) -> None:
        self._replica = replica
        self._alone = Sequential(replica, numerics)
        self._twin = Replica(copy.deepcopy(replica.module), replica.weights.device, replica.is_compiled)
        self._beside = Sequential(self._twin, numerics)
        self._worker = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))

    def run(self, passes: tuple[Pass, ...]) -> list[Gradient]:
        if len(passes) != 2:
            return self._alone.run(passes)
        here = next((i for i, one in enumerate(passes) if one.keeps_statistics), 1)
        radius = self._placed(passes[1 - here])  # on all cores, and before the weights here may be moved
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            mine, other = self._both(passes[here], passes[1 - here], radius)
        finally:
            torch.set_num_threads(threads)
        return [mine, other] if here == 0 else [other, mine]

    def _both(self, here: Pass, there: Pass, radius: Tensor | None) -> tuple[Gradient, Gradient]:
        waiting: Future[Gradient] = self._worker.submit(self._at_place, there, radius)
        try:
            mine = self._alone.run((here,))[0]
        finally:
            other = waiting.result()
        return mine, other

    def _placed(self, one: Pass) -> Tensor | None:
        """Bring the twin to where `one` wants its gradient; returns ‖ε‖₂ if that is not at w."""
        if one.perturbation is not None:
            return one.perturbation.write(self._twin.weights, self._replica.weights)
        self._twin.weights.copy_(self._replica.weights)
        return None

    def _at_place(self, one: Pass, radius: Tensor | None) -> Gradient:
        self._twin.module.train()
        found = self._beside.run((replace(one, perturbation=None, keeps_statistics=True),))[0]
        return replace(found, radius=radius)


@dataclass(frozen=True)
class Choice:
    """Which way of running two gradients was taken, and what both cost (median seconds), where they were measured."""

    way: str
    sequential: float | None = None
    parallel: float | None = None

    def __str__(self) -> str:
        if not self.sequential or not self.parallel:
            return self.way
        return f"{self.way}: parallel takes {self.parallel / self.sequential:.2f} × sequential here"


def is_possible(device: torch.device) -> bool:
    """Whether this process may use two CPU cores and trains on them."""
    return (
        device.type == "cpu" and len(os.sched_getaffinity(0)) >= 2 if hasattr(os, "sched_getaffinity") else device.type == "cpu"
    )


def _is_clear(taken: dict[str, list[float]]) -> bool:
    """Whether one way has won every round so far by a third."""
    a, b = (times[1:] for times in taken.values())
    return max(a) * 4 / 3 < min(b) or max(b) * 4 / 3 < min(a)


def faster(sequential: Sequential, parallel: Parallel, passes: tuple[Pass, Pass]) -> Choice:
    """Time both ways in turn on the same two gradients; changes neither weights nor buffers."""
    trial = tuple(replace(one, keeps_statistics=False) for one in passes)
    taken: dict[str, list[float]] = {"sequential": [], "parallel": []}
    began = time.perf_counter()
    for round_ in range(ROUNDS + 1):
        for way, streams in (("sequential", sequential), ("parallel", parallel)):
            start = time.perf_counter()
            streams.run(trial)
            taken[way].append(time.perf_counter() - start)
        if round_ and (_is_clear(taken) or time.perf_counter() - began > PATIENCE_SECONDS):
            break
    medians = {way: statistics.median(times[1:]) for way, times in taken.items()}
    return Choice(min(medians, key=lambda way: medians[way]), medians["sequential"], medians["parallel"])
