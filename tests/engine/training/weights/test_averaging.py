"""Averaged weights are the averages they say they are."""

import copy

import pytest
import torch

from engine.experiment.optimization import Averaging
from engine.training.weights.averaging import WeightAverage, recalibrate
from tests.engine.conftest import MakeLoop


def test_ema_follows_its_recursion() -> None:
    average = WeightAverage(Averaging(kind="ema", decay=0.9), torch.zeros(1))
    expected = None
    for step in range(1, 40):
        weights = torch.tensor([float(step)])
        average.after_update(weights, 0.0, False)
        share = max(0.1, 1 / step)
        expected = weights if expected is None else (1 - share) * expected + share * weights
    assert torch.allclose(average.weights, expected)


def test_swa_is_the_mean_over_epochs_after_the_start() -> None:
    average = WeightAverage(Averaging(kind="swa", start=0.5), torch.zeros(1))
    for epoch in range(1, 11):
        average.after_update(torch.tensor([100.0]), epoch / 10 - 0.05, False)
        average.after_update(torch.tensor([float(epoch)]), epoch / 10, True)
    assert average.weights.item() == pytest.approx((6 + 7 + 8 + 9 + 10) / 5)


def test_recalibrated_statistics_are_those_of_the_images(make_loop: MakeLoop) -> None:
    loop = make_loop()
    for _ in range(3):
        loop.train()
    batches = [loop.batch(0), loop.batch(1)]
    recalibrate(loop.replica, batches)
    conv, norm = loop.replica.module[0], loop.replica.module[1]
    means = torch.stack([conv(batch.images).mean((0, 2, 3)) for batch in batches]).mean(0)
    assert torch.allclose(norm.running_mean, means, atol=1e-5)
    assert norm.momentum == 0.1


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_an_average_resumes(make_loop: MakeLoop, kind: str) -> None:
    config = {"averaging": {"kind": kind, "start": 0.0}, "schedule": {"epochs": 40, "batch_size": 512}}
    loop, other = make_loop(**config), make_loop(**config)
    for _ in range(3):
        loop.train()
    other.restore(copy.deepcopy(loop.state()))
    for _ in range(3):
        loop.train()
        other.train()
    assert loop.average_weights.count == other.average_weights.count > 0
    assert torch.equal(loop.average_weights.weights, other.average_weights.weights)
