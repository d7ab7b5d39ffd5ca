"""An update in one CUDA graph: what the processor tells the GPU with every update is told once, and then repeated."""

from collections.abc import Callable, Iterable
from typing import Protocol

import torch
from torch import Tensor

from engine.experiment import Experiment
from engine.inputs import Held
from engine.notes import Notes

WARM_UP = 3
LARGEST_DIFFERENCE = 0.05
"""Between what an update does and its repetition, as a share of what it does: GPUs do not add up in the same order twice."""


class Graph(Protocol):
    """Work on a device that can be kept and repeated."""

    def warm(self, work: Callable[[], None]) -> None:
        """Do `work` as it is, where it is going to be captured."""
        ...

    def capture(self, work: Callable[[], None], generators: Iterable[torch.Generator]) -> None:
        """Keep `work`, which draws from `generators`, without doing it. Raises `RuntimeError` if it cannot be."""
        ...

    def replay(self) -> None:
        """Do what was kept, with what lies now where it looks."""
        ...


class CudaGraph:
    """A CUDA graph, with a branch for every stream that its work takes."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, torch.cuda.Stream(device)
        self._graph = torch.cuda.CUDAGraph()

    def warm(self, work: Callable[[], None]) -> None:
        present = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(present)
        try:
            with torch.cuda.stream(self._stream):
                work()
        finally:
            present.wait_stream(self._stream)

    def capture(self, work: Callable[[], None], generators: Iterable[torch.Generator]) -> None:
        for one in generators:
            self._graph.register_generator_state(one)
        with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
            work()

    def replay(self) -> None:
        self._graph.replay()


class Repeated:
    """The work of updates: a few times as it is, then captured, once compared with the work itself, and from there on repeated.

    Where it cannot be captured, or its repetition does something else, it is done as it is and `reason` says why; so is an
    update whose mini-batch has another size.
    """

    def __init__(self, graph: Graph, inputs: Held, work: Callable[[Held], Notes], state: Callable[[], list[Tensor]]) -> None:
        self._graph, self._inputs, self._work, self._state = graph, inputs, work, state
        self._warm_ups = 0
        self._kept: Notes | None = None
        self.is_trusted = False
        self.reason = ""

    def __str__(self) -> str:
        return f"no CUDA graph: {self.reason}" if self.reason else "in one CUDA graph" if self.is_trusted else ""

    def bring(self) -> bool:
        """Put what belongs to the present update where it is looked for; False if it is not one for a graph."""
        if self.reason:
            return False
        fits = self._inputs.bring()
        if not fits and self._kept is None:
            self._inputs.forget_batches()
            self._warm_ups = 0
        return fits

    def update(self) -> Notes:
        """Do the work of the present update, and tell what it was seen to do."""
        if self._kept is not None:
            return self._repetition(self._kept) if self.is_trusted else self._compared(self._kept)
        if self._warm_ups == WARM_UP:
            self._capture()
        self._warm_ups += 1
        return self._as_it_is()

    def _repetition(self, kept: Notes) -> Notes:
        self._graph.replay()
        return kept

    def _as_it_is(self) -> Notes:
        found: list[Notes] = []
        self._inputs.rewind()
        self._graph.warm(lambda: found.append(self._work(self._inputs)))
        return found[0]

    def _capture(self) -> None:
        kept: list[Notes] = []
        self._inputs.rewind()
        try:
            self._graph.capture(lambda: kept.append(self._work(self._inputs)), self._inputs.generators)
        except RuntimeError as error:
            self.reason = str(error).partition("\n")[0]
        else:
            self._kept = kept[0]

    def _compared(self, kept: Notes) -> Notes:
        """Make the present update both ways, and leave what the work itself has done."""
        state = self._state()
        try:
            before = _copies(state)
            repetition = self._undone(kept, state, before)
        except torch.OutOfMemoryError:
            self.reason = "there is no memory to compare its repetition with the update itself"
            self._inputs.bring()
            return self._as_it_is()
        self._inputs.bring()
        found = self._as_it_is()
        starts = [torch.zeros_like(found.direction), *before]
        if all(map(_alike, repetition, [found.direction, *state], starts)):
            self.is_trusted = True
        else:
            self.reason = "its repetition does not give the numbers of the update itself"
        return found

    def _undone(self, kept: Notes, state: list[Tensor], before: list[Tensor]) -> list[Tensor]:
        """The direction and the state after a repetition, of which nothing stays."""
        try:
            self._graph.replay()
            return _copies([kept.direction, *state])
        finally:
            for now, then in zip(state, before, strict=True):
                now.copy_(then)


def what_keeps_from_graph(experiment: Experiment, device: torch.device, processes: int) -> str:
    """Why updates of `experiment` are not captured, whatever they do; empty if nothing keeps from it."""
    if device.type != "cuda":
        return f"{device.type} has none"
    if processes > 1 or experiment.runtime.devices > 1:
        return "the work is on several devices"
    if experiment.runtime.precision == "fp16":
        return "in fp16 the processor looks at every gradient before it goes on"
    return ""


def _copies(tensors: Iterable[Tensor]) -> list[Tensor]:
    return [one.clone() for one in tensors]


def _alike(repeated: Tensor, found: Tensor, start: Tensor) -> bool:
    """Whether two ways from `start` led to nearly the same."""
    apart, way = (repeated - found).float().norm(), (found - start).float().norm()
    return bool(apart <= LARGEST_DIFFERENCE * way)
