"""Derive a seed for everything that is drawn at random from the seed of the experiment."""

import hashlib
from collections.abc import Callable

SeedNow = Callable[[], int]
"""Tells the number that random sequences start from, now: it may be another one at the next step."""

WIDE = 1 << 128
"""The bit that a seed of 128 bits has beside them."""


def root(seed: int, is_wide: bool) -> int:
    """The seed from which all others of an experiment follow: of 128 bits, or as in runs of format 1 of 63."""
    return WIDE | seed if is_wide else seed


def seed_for(seed: int, *what: str | int) -> int:
    """The seed for one purpose of what has `seed`, such as `seed_for(seed, "order", stream, epoch)`; as wide as that is."""
    content = repr((seed, *what)).encode()
    if seed & WIDE:
        return WIDE | int.from_bytes(hashlib.blake2b(content, digest_size=16).digest(), "big")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> 1


def derived(seed: SeedNow, *what: str | int) -> SeedNow:
    """The seed that follows from another for one purpose, and goes along with it."""
    return lambda: seed_for(seed(), *what)
