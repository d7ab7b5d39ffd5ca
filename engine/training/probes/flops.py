"""What a training costs, in floating-point operations."""

import copy
import importlib
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import nn

PROBE = 2


def loading() -> Future[None]:
    """Load what `per_image` needs in a thread: it takes seconds, during which a training goes on and can be steered."""
    thread = ThreadPoolExecutor(1)
    loaded = thread.submit(_load)
    thread.shutdown(wait=False)
    return loaded


def _load() -> None:
    for name in ("torch._dynamo", "torch.utils.flop_counter"):
        importlib.import_module(name)


def per_image(module: nn.Module, shape: tuple[int, int, int]) -> float:
    """FLOPs of one forward and backward pass for one image of `shape`, a multiplication and an addition counting as two.

    Counted on the meta device, which computes nothing.
    """
    from torch.utils.flop_counter import FlopCounterMode  # see `loading`

    twin = copy.deepcopy(module).to("meta").train()
    with FlopCounterMode(display=False) as counter:
        twin(torch.empty(PROBE, *shape, device="meta")).sum().backward()
    return float(counter.get_total_flops()) / PROBE
