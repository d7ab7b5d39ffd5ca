"""Random numbers as a function of what they are for, so that no random state has to be kept."""

import hashlib

import torch


def seed_for(seed: int, *what: str | int) -> int:
    """A 63-bit seed for one purpose of the experiment with `seed`, such as `seed_for(seed, "order", stream, epoch)`."""
    digest = hashlib.blake2b(repr((seed, *what)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(device: torch.device | str, seed: int, *what: str | int) -> torch.Generator:
    """A generator on `device` at the start of the sequence of `seed_for(seed, *what)`."""
    return torch.Generator(device).manual_seed(seed_for(seed, *what))
