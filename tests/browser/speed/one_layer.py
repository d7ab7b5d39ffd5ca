"""The smallest network there can be."""

import math

from torch import nn


def one_layer(shape: tuple[int, int, int], classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), classes))
