"""Split a set in two, the same way whatever the seed of an experiment."""

import torch
from torch import Tensor


def split(labels: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Indices of all images but `count` and of those `count`, in stored order: as many of each class as is its share.

    After a fixed shuffle, every so-many-th image of each class is of the second part.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    by_class = order[labels[order].argsort(stable=True)]
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    chosen[(torch.arange(count) * len(labels) + len(labels) // 2) // max(count, 1)] = True
    return by_class[~chosen].sort().values, by_class[chosen].sort().values
