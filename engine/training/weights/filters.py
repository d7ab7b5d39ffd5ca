"""Filters: the rows of the weights that the paper perturbs and damps one by one."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.linalg import vector_norm
from torch.utils.weak import WeakTensorKeyDictionary

OneDimensional = Literal["vector", "element", "skip"]


Positions = Literal["tokens", "authors"]


def filters(parameter: Tensor, positions: Positions = "tokens") -> Tensor:
    """A parameter as rows of one filter each, shape (filters, elements).

    A filter is a slice of dimension 0. Position embeddings and class tokens, shape (1, tokens, width), have one
    filter a token, or where `positions` go as in the authors' code one altogether; a 1-d parameter is one filter.
    """
    if positions == "tokens" and parameter.ndim == 3 and parameter.shape[0] == 1:
        return parameter.view(-1, parameter.shape[-1])
    return parameter.view(parameter.shape[0], -1) if parameter.ndim > 1 else parameter.view(1, -1)


class Filters:
    """The filters of parameters that lie in one vector of shape (d,).

    What is kept for them is a vector of shape (n,): one number for every filter, one for every element of 1-d parameters.
    """

    def __init__(self, shapes: Sequence[torch.Size], positions: Positions = "tokens") -> None:
        self._shapes, self._positions = shapes, positions
        self._lengths = [shape.numel() for shape in shapes]
        self._counts = [self._count(shape) for shape in shapes]
        self._rows = WeakTensorKeyDictionary()

    def rows(self, flat: Tensor) -> list[Tensor]:
        """Each parameter of a vector (d,) as its `filters`, made once for each vector."""
        rows: list[Tensor] | None = self._rows.get(flat)
        if rows is None:
            parts = flat.detach().split(self._lengths)
            rows = self._rows[flat] = [self._rows_of(part.view(shape)) for part, shape in zip(parts, self._shapes, strict=True)]
        return rows

    def _count(self, shape: torch.Size) -> int:
        return len(self._rows_of(torch.empty(shape, device="meta"))) if len(shape) > 1 else shape.numel()

    def _rows_of(self, parameter: Tensor) -> Tensor:
        return filters(parameter, self._positions)

    def numbers(self, like: Tensor) -> Tensor:
        """A vector (n,) of zeros, of the kind of `like`."""
        return like.new_zeros(sum(self._counts))

    def columns(self, numbers: Tensor) -> list[Tensor]:
        """The parts of a vector (n,) in shapes that broadcast over `rows`."""
        parts = numbers.split(self._counts)
        return [part.view((-1, 1) if len(shape) > 1 else (1, -1)) for part, shape in zip(parts, self._shapes, strict=True)]

    def norms(self, flat: Tensor, one_dimensional: OneDimensional) -> Tensor:
        """(n,): the norms of the filters of a vector (d,); for 1-d parameters |·| as a whole, of each element, or 0."""
        numbers = self.numbers(flat)
        for row, column, shape in zip(self.rows(flat), self.columns(numbers), self._shapes, strict=True):
            if len(shape) > 1:
                vector_norm(row, dim=1, keepdim=True, out=column)
            elif one_dimensional == "element":
                torch.abs(row, out=column)
            elif one_dimensional == "vector":
                column.copy_(vector_norm(row))
        return numbers

    def root_counts(self, like: Tensor, one_dimensional: OneDimensional) -> Tensor:
        """(n,): √n of the n elements of which `norms` gives the norm."""
        numbers = self.numbers(like).fill_(1)
        for row, column, shape in zip(self.rows(like), self.columns(numbers), self._shapes, strict=True):
            if len(shape) > 1 or one_dimensional == "vector":
                column.fill_(row.shape[1] ** 0.5)
        return numbers

    def ones(self, like: Tensor, one_dimensional: OneDimensional) -> Tensor:
        """(n,): 1 everywhere, but 0 for 1-d parameters that are to be skipped."""
        numbers = self.numbers(like).fill_(1)
        for column, shape in zip(self.columns(numbers), self._shapes, strict=True):
            if len(shape) <= 1 and one_dimensional == "skip":
                column.zero_()
        return numbers
