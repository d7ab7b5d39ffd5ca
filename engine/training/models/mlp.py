"""A perceptron with two hidden layers."""

import math

from torch import nn


def mlp(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Two hidden layers of 256 units: (N, C, H, W) to logits (N, classes)."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(math.prod(shape), 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, classes)
    )
