"""A CUDA graph for processors: operations are written down one by one, and done again on the same memory."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

FORBIDDEN = {
    torch.ops.aten._local_scalar_dense.default: "the processor would wait for it",
    torch.ops.aten.nonzero.default: "the processor would wait for it",
    torch.ops.aten.lift_fresh.default: "it would be copied from the processor",
}
RANDOM = ("normal", "bernoulli", "uniform", "rand", "native_dropout")

Call = tuple[Any, Any, Any, Any]


class Recording(TorchDispatchMode):
    """Writes down operations below autograd, with the very tensors that they read and write.

    While a stream is `captured` it refuses what a CUDA stream refuses then, and random numbers of a generator that the graph
    was not told of.
    """

    def __init__(self, captured: bool = False, sources: list[torch.Generator] | None = None) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._is_captured, self._sources = captured, sources or []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._is_captured and func in FORBIDDEN:
            raise RuntimeError(f"{func} is not permitted when a stream is captured: {FORBIDDEN[func]}\nand more lines")
        if func.name().partition("::")[2].startswith(RANDOM):
            self._drawn_from(kwargs.get("generator"), func)
        found = func(*args, **kwargs)
        if not func.is_view:
            self.calls.append((func, args, kwargs, found))
        return found

    def _drawn_from(self, source: torch.Generator | None, func: Any) -> None:
        """The dispatcher hands over another Python object for the same generator: it is known by its state."""
        if self._is_captured and not any(source and torch.equal(source.get_state(), one.get_state()) for one in self._sources):
            raise RuntimeError(f"{func} draws from what the graph was not told of")


class RecordedGraph:
    """What `CudaGraph` is on a GPU. To capture leaves no trace in `state`, for there it does not do the work."""

    def __init__(self, state: Callable[[], list[Tensor]]) -> None:
        self._state = state
        self._calls: list[Call] = []
        self._sources: list[torch.Generator] = []
        self.captures = self.replays = 0

    def warm(self, work: Callable[[], None]) -> None:
        with Recording():
            work()

    def capture(self, work: Callable[[], None], sources: list[torch.Generator]) -> None:
        self.captures += 1
        self._sources = sources
        before, starts = [one.clone() for one in self._state()], [one.get_state() for one in self._sources]
        try:
            with Recording(True, sources) as recording:
                work()
        finally:
            for tensor, saved in zip(self._state(), before, strict=True):
                tensor.copy_(saved)
            for one, start in zip(self._sources, starts, strict=True):
                one.set_state(start)
        self._calls = recording.calls

    @torch.no_grad()
    def replay(self) -> None:
        self.replays += 1
        for func, args, kwargs, kept in self._calls:
            found = func(*args, **kwargs)
            for place, value in zip(_tensors(kept), _tensors(found), strict=True):
                if place is not value:
                    place.copy_(value)

    def forget(self) -> None:
        self._calls = []


class Refusing(RecordedGraph):
    """Cannot be captured, for its work does `unfitting`."""

    unfitting: Callable[[], object]

    def capture(self, work: Callable[[], None], sources: list[torch.Generator]) -> None:
        def both() -> None:
            work()
            self.unfitting()

        super().capture(both, sources)


class Waits(Refusing):
    def unfitting(self) -> object:
        return torch.ones(()).item()


class Copies(Refusing):
    def unfitting(self) -> object:
        return torch.tensor(1.0)


class Draws(Refusing):
    def unfitting(self) -> object:
        return torch.empty(3).normal_(generator=torch.Generator())


class Stale(RecordedGraph):
    """Repeats itself with the random numbers of before."""

    def capture(self, work: Callable[[], None], sources: list[torch.Generator]) -> None:
        self._starts = [one.get_state() for one in sources]
        super().capture(work, sources)

    def replay(self) -> None:
        for one, start in zip(self._sources, self._starts, strict=True):
            one.set_state(start)
        super().replay()


class FullAtCapture(RecordedGraph):
    """Finds no memory to capture."""

    def capture(self, work: Callable[[], None], sources: list[torch.Generator]) -> None:
        super().capture(work, sources)
        raise torch.OutOfMemoryError("CUDA out of memory")


class FullAtReplay(RecordedGraph):
    """Finds no memory when the repetition is under way."""

    def replay(self) -> None:
        super().replay()
        self._state()[0].fill_(7)
        raise torch.OutOfMemoryError


class FullBeside(RecordedGraph):
    """Finds no memory for the work itself beside what was captured."""

    def warm(self, work: Callable[[], None]) -> None:
        super().warm(work)
        if self._calls:
            raise torch.OutOfMemoryError


def _tensors(found: Any) -> list[Tensor]:
    return [one for one in (found if isinstance(found, tuple | list) else (found,)) if isinstance(one, Tensor)]
