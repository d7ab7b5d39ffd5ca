"""The path of the weights: where they have been, on a plane through where they are."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BYTES = 4e8
"""What the weights that are kept may take at most."""
MOST = 64
"""So many are kept at most."""
LEAST = 3
"""Where there is no room for so many, none are kept: less is no path."""


class WeightPath:
    """Weights (d,) of a training at some of its steps, evenly thinned where there are too many."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self._weights: list[Tensor] = []
        self._spacing, self._passed = 1, 0

    def add(self, step: int, weights: Tensor) -> None:
        """Keep a copy of the weights after a step, or pass over them where the path is thin already."""
        room = min(MOST, int(BYTES // (weights.numel() * weights.element_size())))
        if room < LEAST:
            return
        if self.steps and step <= self.steps[-1]:
            self._forget_from(step)
        self._passed += 1
        if (self._passed - 1) % self._spacing == 0:
            self.steps.append(step)
            self._weights.append(weights.detach().clone())
        if len(self.steps) > room:
            del self.steps[1::2], self._weights[1::2]
            self._spacing *= 2

    def _forget_from(self, step: int) -> None:
        """Leave out what is taken again."""
        kept = sum(one < step for one in self.steps)
        del self.steps[kept:], self._weights[kept:]

    def offsets(self, center: Tensor) -> Tensor:
        """From `center` to each of the weights (n, d)."""
        return torch.stack(self._weights).sub_(center) if self._weights else center.new_zeros(0, len(center))


def project(offsets: Tensor, across: Tensor, along: Tensor) -> NDArray[np.float64]:
    """The places (n, 2) on a plane that are nearest to offsets (n, d): x·across + y·along by least squares."""
    directions = torch.stack([across, along])
    gram, products = (directions @ directions.T).double(), (offsets @ directions.T).double()
    places: NDArray[np.float64] = (products @ torch.linalg.pinv(gram)).cpu().numpy()
    return places
