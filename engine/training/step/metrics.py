"""Metrics of one step."""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class StepMetrics:
    """What was measured by TensorBoard tag, the direction (d,) in which the step goes, and how many images it took.

    `numbers` are known beforehand, `seen` lies on the device; `read` is where the processor waits for it.
    """

    numbers: dict[str, float] = field(default_factory=dict)
    direction: Tensor = field(default_factory=lambda: torch.empty(0))
    seen: dict[str, list[Tensor]] = field(default_factory=dict)
    counts: dict[str, list[int]] = field(default_factory=dict)
    images: int = 0

    def add(self, values: dict[str, Tensor], images: int = 1) -> None:
        """Keep `values`, found on so many images; what is noted twice is averaged over the images."""
        for tag, value in values.items():
            self.seen.setdefault(tag, []).append(value)
            self.counts.setdefault(tag, []).append(images)

    def read(self) -> dict[str, float]:
        """All as plain numbers, fetched from the device in one go."""
        fetched = iter(torch.stack([value for values in self.seen.values() for value in values]).tolist())
        plain = {tag: [next(fetched) for _ in values] for tag, values in self.seen.items()}
        return {tag: _mean(values, self.counts[tag]) for tag, values in plain.items()} | self.numbers


def _mean(values: list[float], counts: list[int]) -> float:
    shares = [count / counts[0] for count in counts]
    return sum(value * share for value, share in zip(values, shares, strict=True)) / sum(shares)
