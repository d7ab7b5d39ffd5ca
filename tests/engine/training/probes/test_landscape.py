"""The landscape is the loss at the weights it says it is."""

import numpy as np
import pytest
import torch

from engine.training.probes.evaluate import average
from engine.training.probes.landscape import LossLandscape, direction, strides
from engine.training.step.learner import Learner
from engine.training.weights.filters import filters
from tests.engine.conftest import MakeLoop
from tests.engine.training.probes.measuring import images, measure


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
    loop = make_loop(model={"name": "mlp"}, landscape={"resolution": 9, "span": 0.5, "images": 64})
    replica, plain = loop.replica, images(loop, 64)
    center, batches = replica.weights.clone(), list(plain.batches())
    found = measure(LossLandscape(), loop, plain, plain)
    assert torch.equal(replica.weights, center)
    surfaces = [measured for measured in found if measured.arrays]
    assert [surface.facts for surface in surfaces] == [{"points": 5, "done": False}, {"points": 9, "done": True}]
    coarse, fine = (surface.arrays for surface in surfaces)
    assert np.array_equal(coarse["loss"], fine["loss"][::2, ::2])
    across, along = (direction_at(loop, center, axis) for axis in "xy")
    for row, column in ((4, 4), (0, 8), (7, 2)):
        replica.weights.copy_(center + fine["x"][column] * across + fine["y"][row] * along)
        assert (fine["loss"][row, column], fine["accuracy"][row, column]) == pytest.approx(average(replica, batches), rel=1e-4)


def direction_at(loop: Learner, center: torch.Tensor, axis: str) -> torch.Tensor:
    loop.replica.weights.copy_(center)
    return direction(loop.replica, loop.experiment.root, axis)
