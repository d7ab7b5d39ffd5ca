"""Random numbers as a function of what they are for, so that no random state has to be kept."""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

BLOCK = 1 << 18
"""How many numbers are drawn from one generator on a CPU, where threads cannot share one."""

SeedNow = Callable[[], int]
"""Tells the number that random sequences start from, now: it may be another one at the next update."""

_helpers = ThreadPoolExecutor(max(os.cpu_count() or 1, 2), thread_name_prefix="normal")


def seed_for(seed: int, *what: str | int) -> int:
    """A 63-bit seed for one purpose of the experiment with `seed`, such as `seed_for(seed, "order", stream, epoch)`."""
    digest = hashlib.blake2b(repr((seed, *what)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def derived(seed: SeedNow, *what: str | int) -> SeedNow:
    """The seed that follows from another for one purpose, and goes along with it."""
    return lambda: seed_for(seed(), *what)


def generator(device: torch.device | str, seed: int, *what: str | int) -> torch.Generator:
    """A generator on `device` at the start of the sequence of `seed_for(seed, *what)`."""
    return torch.Generator(device).manual_seed(seed_for(seed, *what))


class Normal:
    """Independent numbers from N(0, 1) for vectors of one length: the same for one seed on any number of threads.

    On a CPU they are drawn block by block, on as many threads as torch uses here for other work; an accelerator needs no blocks.
    """

    def __init__(self, device: torch.device, count: int) -> None:
        blocks = -(-count // BLOCK) if device.type == "cpu" else 1
        self.generators = [torch.Generator(device) for _ in range(blocks)]

    def start(self, seed: int, *what: str | int) -> "Normal":
        """Begin with the numbers of `(seed, *what)`."""
        for i, one in enumerate(self.generators):
            one.manual_seed(seed_for(seed, *what, i))
        return self

    def fill(self, out: Tensor) -> Tensor:
        """Fill the vector `out` with the numbers that follow."""
        blocks = out.split(BLOCK) if len(self.generators) > 1 else (out,)
        team = min(torch.get_num_threads(), len(blocks))

        def fill(first: int) -> None:
            for i in range(first, len(blocks), team):
                blocks[i].normal_(generator=self.generators[i])

        others = [_helpers.submit(fill, member) for member in range(1, team)]
        fill(0)
        for other in others:
            other.result()
        return out


def fill_normal(out: Tensor, seed: int, *what: str | int) -> Tensor:
    """Fill the vector `out` with independent N(0, 1) that follow from `(seed, *what)`."""
    return Normal(out.device, len(out)).start(seed, *what).fill(out)
