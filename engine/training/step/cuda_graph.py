"""Capture a step in one CUDA graph: what the processor tells the GPU with every step is told once, and then replayed."""

from collections.abc import Callable, Iterable
from typing import Protocol

import torch
from torch import Tensor

from engine.experiment.schema import Experiment
from engine.training.step.metrics import StepMetrics
from engine.training.step.static_inputs import StaticInputs

WARM_UP = 3
DIFFERENCE = {"fp32": 1e-3, "bf16": 2e-2}
"""What a repetition may differ by from the step, as a share of what that does: a GPU adds up in another order each time."""


class Graph(Protocol):
    """Work on a device that can be kept and repeated."""

    def warm(self, work: Callable[[], None]) -> None:
        """Do `work` as it is, where it is going to be captured."""
        ...

    def capture(self, work: Callable[[], None], sources: list[torch.Generator]) -> None:
        """Keep `work`, which draws from `sources`, without doing it. Raises what keeps it from that, and then is as it was."""
        ...

    def replay(self) -> None:
        """Do what was kept, with what lies now where it looks."""
        ...

    def forget(self) -> None:
        """Give back what was kept, and its memory."""
        ...


class CudaGraph:
    """A CUDA graph, with a branch for every stream that its work takes."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, torch.cuda.Stream(device)
        self._graph: torch.cuda.CUDAGraph | None = None

    def warm(self, work: Callable[[], None]) -> None:
        present = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(present)
        try:
            with torch.cuda.stream(self._stream):
                work()
        finally:
            present.wait_stream(self._stream)

    def capture(self, work: Callable[[], None], sources: list[torch.Generator]) -> None:
        present = torch.cuda.current_stream(self._device)
        self._graph = torch.cuda.CUDAGraph()
        for source in sources:
            self._graph.register_generator_state(source)
        try:
            with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
                work()
        except Exception as error:  # noqa: BLE001 - it is raised again
            torch.cuda.set_stream(present)  # torch stays on the other one where the end of a capture fails too
            self.forget()
            raise error.__context__ or error from None

    def replay(self) -> None:
        assert self._graph is not None
        self._graph.replay()

    def forget(self) -> None:
        if self._graph is not None:
            self._graph.reset()
            self._graph = None
            torch.cuda.empty_cache()


class CapturedStep:
    """The work of steps: a few times as it is, then captured, once compared with the work itself, and from there on repeated.

    Where it cannot be captured, or its repetition does something else, it is done as it is and `reason` says why; so is an
    step whose mini-batch has another size.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: StaticInputs,
        work: Callable[[StaticInputs], StepMetrics],
        state: Callable[[], list[Tensor]],
        difference: float,
    ) -> None:
        self._graph, self._inputs, self._work, self._state, self._difference = graph, inputs, work, state, difference
        self._warm_ups = 0
        self._kept: StepMetrics | None = None
        self.is_trusted = False
        self.reason = ""

    def __str__(self) -> str:
        if self.reason:
            return f"no CUDA graph: {self.reason}"
        return "in one CUDA graph" if self.is_trusted else "no CUDA graph yet"

    def forget(self) -> None:
        """Begin anew, for the work has become another."""
        self._graph.forget()
        self._inputs.forget()
        self._warm_ups = 0
        self._kept = None
        self.is_trusted = False
        self.reason = ""

    def bring(self) -> bool:
        """Put what belongs to the present step where it is looked for; False if it is not one for a graph."""
        if self._kept is None and self._warm_ups == WARM_UP:
            self._capture()
        if self.reason:
            return False
        fits = self._inputs.bring()
        if not fits and self._kept is None:
            self.forget()
        return fits

    def update(self) -> StepMetrics | None:
        """Do the work of the present step, and tell what it was seen to do; None if that cannot be done here."""
        if self.is_trusted:
            return self._replayed()
        if self._kept is not None:
            return self._compared()
        self._warm_ups += 1
        return self._as_it_is()

    def _replayed(self) -> StepMetrics:
        assert self._kept is not None
        self._graph.replay()
        return self._kept

    def _as_it_is(self) -> StepMetrics:
        found: list[StepMetrics] = []
        self._graph.warm(lambda: found.append(self._once()))
        return found[0]

    def _once(self) -> StepMetrics:
        self._inputs.rewind()
        return self._work(self._inputs)

    def _capture(self) -> None:
        """Keep the work with what lies at its places now, which belongs to the step before."""
        kept: list[StepMetrics] = []
        try:
            self._graph.capture(lambda: kept.append(self._once()), self._inputs.sources)
        except Exception as error:  # noqa: BLE001 - whatever it is, steps can be taken without
            self._give_up(str(error).partition("\n")[0])
        else:
            self._kept = kept[0]

    def _give_up(self, reason: str) -> None:
        self.forget()
        self.reason = reason

    def _compared(self) -> StepMetrics | None:
        """Take the present step both ways, and leave what the work itself has done."""
        state = self._state()
        before: list[Tensor] = []
        try:
            before = _copies(state)
            repeated = _copies([self._replayed().direction, *state])
            self._put_back(before)
            found = self._as_it_is()
            pairs = zip(repeated, [found.direction, *state], [torch.zeros_like(found.direction), *before], strict=True)
            self.is_trusted = all(_apart(*three) <= self._difference for three in pairs)
        except torch.OutOfMemoryError:
            self._put_back(before)
            self._give_up("there is no memory for it beside the step itself")
            return None
        if not self.is_trusted:
            self._give_up("its repetition does not give the numbers of the step itself")
        return found

    def _put_back(self, before: list[Tensor]) -> None:
        """Let the present step begin anew."""
        for now, then in zip(self._state(), before, strict=bool(before)):
            now.copy_(then)
        self._inputs.bring()


def why_no_graph(experiment: Experiment, device: torch.device, processes: int) -> str:
    """Why steps of `experiment` are not captured, whatever they do; empty if nothing keeps from it."""
    if device.type != "cuda":
        return f"{device.type} has none"
    if processes > 1 or experiment.devices > 1:
        return "the work is on several devices"
    if experiment.runtime.precision == "fp16":
        return "in fp16 the processor looks at every gradient before it goes on"
    return ""


def _copies(tensors: Iterable[Tensor]) -> list[Tensor]:
    return [one.clone() for one in tensors]


def _apart(repeated: Tensor, found: Tensor, start: Tensor) -> float:
    """How far two ways from `start` led from each other, as a share of the way."""
    apart, way = (repeated - found).float().norm(), (found - start).float().norm()
    return float(apart / way) if apart else 0.0
