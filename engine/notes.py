"""Notes: what one update was seen to do."""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class Notes:
    """What was measured by TensorBoard tag, the direction (d,) in which the update goes, and how many images it took.

    `numbers` are known beforehand, `seen` lies on the device; `read` is where the processor waits for it.
    """

    numbers: dict[str, float] = field(default_factory=dict)
    direction: Tensor = field(default_factory=lambda: torch.empty(0))
    seen: dict[str, list[Tensor]] = field(default_factory=dict)
    images: int = 0

    def add(self, values: dict[str, Tensor]) -> None:
        """Keep `values`; what is noted twice is averaged."""
        for tag, value in values.items():
            self.seen.setdefault(tag, []).append(value)

    def read(self) -> dict[str, float]:
        """All as plain numbers, fetched from the device in one go."""
        fetched = iter(torch.stack([value for values in self.seen.values() for value in values]).tolist())
        plain = {tag: [next(fetched) for _ in values] for tag, values in self.seen.items()}
        return {tag: sum(values) / len(values) for tag, values in plain.items()} | self.numbers
