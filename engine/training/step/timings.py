"""Time a step by its parts: data, forward and backward, noise, optimizer, recording."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from engine.methods.context import Perturbation

Part = Literal["update", "recording", "data", "gradients", "noise", "optimizer"]


class StepTimer:
    """Adds up seconds of wall-clock time by part. An accelerator works on while its time is told as that of who waits for it."""

    def __init__(self) -> None:
        self._seconds: defaultdict[Part, float] = defaultdict(float)

    @contextmanager
    def time(self, part: Part) -> Iterator[None]:
        """Add what happens inside to `part`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[part] += time.perf_counter() - began

    def shares(self) -> dict[str, float]:
        """The share of each part in the time since this was last asked; they add up to 1. Empty if nothing was done.

        ε is drawn while the gradients are computed, maybe on a thread of its own: what is left of them is told as theirs.
        So is all that a CUDA graph does.
        """
        spent, self._seconds = self._seconds, defaultdict(float)
        whole = spent["update"] + spent["recording"]
        if not spent["update"]:
            return {}
        parts = {
            "forward and backward": spent["gradients"] - spent["noise"],
            "noise": spent["noise"],
            "optimizer": spent["optimizer"],
            "data": spent["data"],
            "recording": spent["recording"],
            "other": spent["update"] - spent["gradients"] - spent["optimizer"] - spent["data"],
        }
        return {part: max(seconds, 0.0) / whole for part, seconds in parts.items()}


@dataclass(frozen=True)
class TimedPerturbation:
    """A perturbation whose drawing is told as noise."""

    perturbation: Perturbation
    watch: StepTimer

    def write(self, out: Tensor, w: Tensor) -> Tensor:
        with self.watch.time("noise"):
            return self.perturbation.write(out, w)
