"""The path of the weights: kept within its memory, and projected to where it is nearest."""

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.training.probes import weight_path
from engine.training.probes.weight_path import WeightPath, project
from engine.training.weights.principal import principal_directions


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_places_are_those_of_least_squares_also_where_the_directions_are_not_orthogonal() -> None:
    offsets, (across, along) = random(5, 300), random(2, 300, seed=1)
    along = along + 0.5 * across
    expected, *_ = np.linalg.lstsq(torch.stack([across, along]).T.numpy(), offsets.T.numpy())
    assert project(offsets, across, along) == pytest.approx(expected.T, abs=1e-12)


def test_main_directions_are_those_of_a_singular_value_decomposition() -> None:
    offsets = random(6, 40) * torch.linspace(3, 0.1, 40)
    across, along, explained = principal_directions(offsets)
    _, values, right = torch.linalg.svd(offsets)
    for found, expected in zip((across, along), right, strict=False):
        assert abs(torch.dot(found, expected).item()) == pytest.approx(1, abs=1e-9)
    assert explained == pytest.approx((values[:2].square().sum() / values.square().sum()).item(), rel=1e-9)
    assert torch.dot(across, along).abs() < 1e-12


def test_it_is_thinned_evenly_where_there_would_be_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_path, "BYTES", 4 * 8 * 10)
    path = WeightPath()
    for step in range(17):
        path.add(step, torch.full((10,), float(step), dtype=torch.float64))
    assert path.steps == [0, 8, 16]
    assert path.offsets(torch.ones(10, dtype=torch.float64))[:, 0].tolist() == [-1, 7, 15]


def test_weights_too_large_to_keep_have_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_path, "BYTES", 10)
    path = WeightPath()
    for step in range(4):
        path.add(step, torch.zeros(10))
    assert path.steps == []
    assert path.offsets(torch.zeros(10)).shape == (0, 10)


def test_what_is_taken_again_is_forgotten() -> None:
    path = WeightPath()
    for step in (1, 2, 3, 2, 5):
        path.add(step, torch.full((3,), float(step)))
    assert path.steps == [1, 2, 5]
    assert len(path.offsets(torch.zeros(3))) == 3
