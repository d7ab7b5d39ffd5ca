"""The landscape is the loss at the weights it says it is."""

import numpy as np
import pytest
import torch

from engine.training.probes.evaluate import average
from engine.training.probes.landscape import LossLandscape, direction, strides
from engine.training.step.learner import Learner
from engine.training.weights.filters import filters
from tests.engine.conftest import MakeLearner
from tests.engine.training.probes.measuring import images, measure


def test_nested_grids_share_the_middle() -> None:
    assert strides(25) == [4, 2, 1]
    assert strides(51) == [8, 4, 2, 1]
    assert strides(5) == [1]
    for n in range(5, 102, 2):
        assert all(n // 2 in range(n // 2 % stride, n, stride) for stride in strides(n))


def test_directions_have_the_norms_of_the_filters(make_learner: MakeLearner) -> None:
    model = make_learner().model
    for d, w in zip(model.views(direction(model, 0, "x")), model.views(model.weights), strict=True):
        if d.ndim <= 1:
            assert not d.any()
        else:
            assert torch.allclose(filters(d).norm(dim=1), filters(w).norm(dim=1), rtol=1e-4)


def test_every_point_is_the_loss_there(make_learner: MakeLearner) -> None:
    learner = make_learner(model={"name": "mlp"}, landscape={"resolution": 9, "span": 0.5, "images": 64})
    model, plain = learner.model, images(learner, 64)
    center, batches = model.weights.clone(), list(plain.batches())
    found = measure(LossLandscape(), learner, plain, plain)
    assert torch.equal(model.weights, center)
    surfaces = [measured for measured in found if measured.arrays]
    assert [(surface.facts["points"], surface.facts["done"]) for surface in surfaces] == [(5, False), (9, True)]
    coarse, fine = (surface.arrays for surface in surfaces)
    assert np.array_equal(coarse["loss"], fine["loss"][::2, ::2])
    across, along = (direction_at(learner, center, axis) for axis in "xy")
    for row, column in ((4, 4), (0, 8), (7, 2)):
        model.weights.copy_(center + fine["x"][column] * across + fine["y"][row] * along)
        assert (fine["loss"][row, column], fine["accuracy"][row, column]) == pytest.approx(average(model, batches), rel=1e-4)


def direction_at(learner: Learner, center: torch.Tensor, axis: str) -> torch.Tensor:
    learner.model.weights.copy_(center)
    return direction(learner.model, learner.experiment.root, axis)
