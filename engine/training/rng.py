"""Random numbers as a function of what they are for, so that no random state has to be kept."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from engine.experiment.seeds import WIDE, seed_for

BLOCK = 1 << 18
"""How many numbers are drawn from one generator on a CPU, where threads cannot share one."""

TWISTER_WORDS = 624
TWISTER = slice(24, 24 + 8 * TWISTER_WORDS)
"""Where torch keeps the words of a CPU generator in its state, one in eight bytes."""
_SEEDED = torch.Generator().manual_seed(0).get_state().numpy()

_helpers = ThreadPoolExecutor(max(os.cpu_count() or 1, 2), thread_name_prefix="normal")


def start(generator: torch.Generator, seed: int) -> torch.Generator:
    """Put `generator` at the start of the sequence of `seed`, all of whose bits count.

    On a CPU torch itself takes 32 bits of a seed: a wide one is spread over the whole state of the Mersenne twister instead. An
    accelerator's Philox takes 64.
    """
    if not seed & WIDE:
        return generator.manual_seed(seed)
    if generator.device.type != "cpu":
        return generator.manual_seed(seed & (1 << 64) - 1)
    words = hashlib.shake_256(seed.to_bytes(17, "big")).digest(4 * TWISTER_WORDS)
    state = _SEEDED.copy()
    state[TWISTER] = np.frombuffer(words, "<u4").astype(np.uint64).view(np.uint8)
    return generator.set_state(torch.from_numpy(state))


def generator(device: torch.device | str, seed: int, *what: str | int) -> torch.Generator:
    """A generator on `device` at the start of the sequence of `seed_for(seed, *what)`."""
    return start(torch.Generator(device), seed_for(seed, *what))


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
            start(one, seed_for(seed, *what, i))
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
