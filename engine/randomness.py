"""Random numbers as a function of what they are for, so that no random state has to be kept."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

BLOCK = 1 << 18
"""How many numbers are drawn from one generator on a CPU, where threads cannot share one."""

_helpers = ThreadPoolExecutor(max(os.cpu_count() or 1, 2), thread_name_prefix="normal")


def seed_for(seed: int, *what: str | int) -> int:
    """A 63-bit seed for one purpose of the experiment with `seed`, such as `seed_for(seed, "order", stream, epoch)`."""
    digest = hashlib.blake2b(repr((seed, *what)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(device: torch.device | str, seed: int, *what: str | int) -> torch.Generator:
    """A generator on `device` at the start of the sequence of `seed_for(seed, *what)`."""
    return torch.Generator(device).manual_seed(seed_for(seed, *what))


def fill_normal(out: Tensor, seed: int, *what: str | int) -> Tensor:
    """Fill the vector `out` with independent N(0, 1): the same numbers for `(seed, *what)` on any number of threads.

    Block by block, on as many threads as torch uses here for other work; an accelerator needs no blocks.
    """
    blocks = out.split(BLOCK) if out.device.type == "cpu" else (out,)
    team = min(torch.get_num_threads(), len(blocks))

    def fill(first: int) -> None:
        for i in range(first, len(blocks), team):
            blocks[i].normal_(generator=generator(out.device, seed, *what, i))

    others = [_helpers.submit(fill, member) for member in range(1, team)]
    fill(0)
    for other in others:
        other.result()
    return out
