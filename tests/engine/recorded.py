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

    Refuses what a CUDA stream refuses that is captured, and random numbers that are not drawn from one of `sources`.
    """

    def __init__(self, sources: list[torch.Generator] | None = None) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.sources: list[torch.Generator] = [] if sources is None else sources
        self._is_open = sources is None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if not self._is_open and func in FORBIDDEN:
            raise RuntimeError(f"{func} is not permitted when a stream is captured: {FORBIDDEN[func]}\nand more lines")
        if func.name().partition("::")[2].startswith(RANDOM):
            self._drawn_from(kwargs.get("generator"), func)
        found = func(*args, **kwargs)
        if not func.is_view:
            self.calls.append((func, args, kwargs, found))
        return found

    def _drawn_from(self, source: torch.Generator | None, func: Any) -> None:
        if source is None or not any(source is one for one in self.sources):
            if not self._is_open:
                raise RuntimeError(f"{func} draws from what was not there before")
            if source is not None:
                self.sources.append(source)


class RecordedGraph:
    """What `CudaGraph` is on a GPU. To capture leaves no trace in `state`, for there it does not do the work."""

    def __init__(self, state: Callable[[], list[Tensor]]) -> None:
        self._state = state
        self._calls: list[Call] = []
        self._sources: list[torch.Generator] = []
        self.captures = self.replays = 0

    def warm(self, work: Callable[[], None]) -> None:
        with Recording() as recording:
            work()
        self._sources = recording.sources

    def capture(self, work: Callable[[], None]) -> None:
        self.captures += 1
        before, starts = [one.clone() for one in self._state()], [one.get_state() for one in self._sources]
        try:
            with Recording(self._sources) as recording:
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

    def capture(self, work: Callable[[], None]) -> None:
        def both() -> None:
            work()
            self.unfitting()

        super().capture(both)


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

    def capture(self, work: Callable[[], None]) -> None:
        self._starts = [one.get_state() for one in self._sources]
        super().capture(work)

    def replay(self) -> None:
        for one, start in zip(self._sources, self._starts, strict=True):
            one.set_state(start)
        super().replay()


class FullAtCapture(RecordedGraph):
    """Finds no memory to capture."""

    def capture(self, work: Callable[[], None]) -> None:
        super().capture(work)
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
