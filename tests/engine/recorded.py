"""A CUDA graph for processors: operations are written down one by one, and done again on the same memory."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

FORBIDDEN = (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default)
"""What a CUDA stream that is captured refuses, for the processor would have to wait for it."""


class Recording(TorchDispatchMode):
    """Writes down operations below autograd, with the very tensors that they read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in FORBIDDEN:
            raise RuntimeError(f"{func} is not permitted when a stream is captured\nand more lines")
        found = func(*args, **(kwargs or {}))
        if not func.is_view:
            self.calls.append((func, args, kwargs or {}, found))
        return found


class RecordedGraph:
    """What `CudaGraph` is on a GPU. To capture leaves no trace in `state`, for there it does not do the work."""

    def __init__(self, state: Callable[[], list[Tensor]]) -> None:
        self._state = state
        self._calls: list[tuple[Any, Any, Any, Any]] = []
        self.replays = 0

    def warm(self, work: Callable[[], None]) -> None:
        work()

    def capture(self, work: Callable[[], None], generators: Iterable[torch.Generator]) -> None:
        used = list(generators)
        before, starts = [one.clone() for one in self._state()], [one.get_state() for one in used]
        try:
            with Recording() as recording:
                work()
        finally:
            for tensor, saved in zip(self._state(), before, strict=True):
                tensor.copy_(saved)
            for one, start in zip(used, starts, strict=True):
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


def _tensors(found: Any) -> list[Tensor]:
    return [one for one in (found if isinstance(found, tuple | list) else (found,)) if isinstance(one, Tensor)]
