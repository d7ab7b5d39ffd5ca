"""The main directions of a cloud of weights."""

import torch
from torch import Tensor


def principal_directions(offsets: Tensor) -> tuple[Tensor, Tensor, float]:
    """Two orthonormal vectors (d,) along which most of `offsets` (n, d) lies, and the share of their squares that does (PCA).

    With n much smaller than d the n × n Gram matrix is all that has to be taken apart.
    """
    scatter, mixtures = torch.linalg.eigh((offsets @ offsets.T).double())
    first, second = (unit(mixtures[:, at].to(offsets) @ offsets) for at in (-1, -2))
    return first, orthogonal(second, first), float(scatter[-2:].sum() / scatter.sum().clamp(min=1e-30))


def orthogonal(vector: Tensor, other: Tensor) -> Tensor:
    """The part of `vector` (d,) that is orthogonal to the unit vector `other`, of length 1."""
    return unit(vector - torch.dot(vector, other) * other)


def unit(vector: Tensor) -> Tensor:
    """The same direction (d,), of length 1."""
    return vector.div(vector.norm().clamp(min=1e-30))
