"""What a training costs, in floating-point operations."""

import copy

import torch
from torch import nn

PROBE = 2


def per_image(module: nn.Module, shape: tuple[int, int, int]) -> float:
    """FLOPs of one forward and backward pass for one image of `shape`, a multiplication and an addition counting as two.

    Counted on the meta device, which computes nothing.
    """
    from torch.utils.flop_counter import FlopCounterMode  # a second of imports, wanted once a run

    twin = copy.deepcopy(module).to("meta").train()
    with FlopCounterMode(display=False) as counter:
        twin(torch.empty(PROBE, *shape, device="meta")).sum().backward()
    return float(counter.get_total_flops()) / PROBE
