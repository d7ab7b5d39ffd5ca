"""The landscape is the loss at the weights it says it is."""

import numpy as np
import pytest
import torch

from engine.experiment.runtime import Landscape
from engine.training.probes.evaluate import average
from engine.training.probes.landscape import direction, measure, strides
from engine.training.weights.filters import filters
from tests.engine.conftest import MakeLoop


def test_nested_grids_share_the_middle() -> None:
    assert strides(25) == [4, 2, 1]
    assert strides(51) == [8, 4, 2, 1]
    assert strides(5) == [1]
    for n in range(5, 102, 2):
        assert all(n // 2 in range(n // 2 % stride, n, stride) for stride in strides(n))


def test_directions_have_the_norms_of_the_filters(make_loop: MakeLoop) -> None:
    replica = make_loop().replica
    for d, w in zip(replica.views(direction(replica, 0, "x")), replica.views(replica.weights), strict=True):
        if d.ndim <= 1:
            assert not d.any()
        else:
            assert torch.allclose(filters(d).norm(dim=1), filters(w).norm(dim=1), rtol=1e-4)


def test_every_point_is_the_loss_there(make_loop: MakeLoop) -> None:
    loop = make_loop(model={"name": "mlp"})
    replica, batches = loop.replica, [loop.batch()]
    center = replica.weights.clone()
    settings = Landscape(resolution=9, span=0.5)
    surfaces = [surface for _, surface in measure(replica, batches, settings, seed=3) if surface is not None]
    assert [len(surface.x) for surface in surfaces] == [5, 9]
    assert [surface.done for surface in surfaces] == [False, True]
    fine = surfaces[-1]
    assert np.array_equal(surfaces[0].loss, fine.loss[::2, ::2])
    across, along = direction_at(center, replica, "x"), direction_at(center, replica, "y")
    for row, column in ((4, 4), (0, 8), (7, 2)):
        replica.weights.copy_(center + fine.x[column] * across + fine.y[row] * along)
        assert (fine.loss[row, column], fine.accuracy[row, column]) == pytest.approx(average(replica, batches), rel=1e-4)


def direction_at(center: torch.Tensor, replica: object, axis: str) -> torch.Tensor:
    replica.weights.copy_(center)
    return direction(replica, 3, axis)
