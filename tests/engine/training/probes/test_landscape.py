"""The landscape is the loss at the weights it says it is."""

import numpy as np
import pytest
import torch
from torch import nn

from engine.experiment.schema import read
from engine.training.data import Batch
from engine.training.probes.evaluate import average
from engine.training.probes.landscape import LossLandscape, direction, strides
from engine.training.step.learner import Learner
from engine.training.weights.filters import filters
from engine.training.weights.flat_model import FlatModel
from tests.engine.conftest import MakeLearner
from tests.engine.training.probes.measuring import images, measure
from tests.engine.training.probes.test_spectrum import small


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


@pytest.mark.parametrize("case", range(10))
def test_it_does_not_change_when_a_layer_is_scaled_and_the_next_scaled_back(case: int) -> None:
    """A ReLU network without normalisation computes the same then, and so has to be as flat (Li et al. 2018, section 4)."""
    learner, data = small(nn.ReLU, landscape={"resolution": 5, "images": 64})
    first, last = (part for part in learner.model.module if isinstance(part, nn.Linear))
    random = torch.Generator().manual_seed(case)
    for parameter in learner.model.module.parameters():
        parameter.data.add_(torch.randn(parameter.shape, generator=random, dtype=torch.float64), alpha=0.3)
    *_, before = measure(LossLandscape(), learner, data, data)
    factor = 10 ** (4 * torch.rand(1, generator=random).item() - 2)
    first.weight.data.mul_(factor)
    first.bias.data.mul_(factor)
    last.weight.data.div_(factor)
    *_, after = measure(LossLandscape(), learner, data, data)
    assert after.arrays["loss"] == pytest.approx(before.arrays["loss"], rel=1e-4)
    assert np.ptp(before.arrays["loss"]) > 0.01


def test_a_surface_in_closed_form_is_found() -> None:
    """One weight for each of two classes, two images: L = ½ Σ log(1 + exp(∓(w₀ − w₁))), along both weights."""
    experiment = read({"landscape": {"resolution": 7, "images": 16}, "schedule": {"batch_size": 2}})
    module = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False)).double()
    model = FlatModel(module, torch.device("cpu"))
    model.weights.copy_(torch.tensor([0.7, -0.4]))
    learner, data = small(nn.Tanh)
    learner = Learner(experiment, model, learner.data)
    data.batch = Batch(torch.ones(2, 1, 1, 1, dtype=torch.float64), torch.tensor([0, 1]))
    *_, found = measure(LossLandscape(), learner, data, data)
    across, along = (direction(model, experiment.root, axis).numpy() for axis in "xy")
    x, y = np.meshgrid(found.arrays["x"], found.arrays["y"])
    margin = (0.7 + x * across[0] + y * along[0]) - (-0.4 + x * across[1] + y * along[1])
    expected = 0.5 * (np.log1p(np.exp(-margin)) + np.log1p(np.exp(margin)))
    assert found.arrays["loss"] == pytest.approx(expected, rel=1e-6)
