"""Averaged weights are the averages they say they are."""

import copy

import pytest
import torch

from engine.experiment.optimization import Averaging
from engine.training.weights.averaging import WeightAverage, recalibrate
from tests.engine.conftest import MakeLearner


def test_ema_follows_its_recursion() -> None:
    average = WeightAverage(Averaging(kind="ema", decay=0.9), torch.zeros(1))
    expected = None
    for step in range(1, 40):
        weights = torch.tensor([float(step)])
        average.after_step(weights, 0.0, False)
        share = max(0.1, 1 / step)
        expected = weights if expected is None else (1 - share) * expected + share * weights
    assert torch.allclose(average.weights, expected)


def test_swa_is_the_mean_over_epochs_after_the_start() -> None:
    average = WeightAverage(Averaging(kind="swa", start=0.5), torch.zeros(1))
    for epoch in range(1, 11):
        average.after_step(torch.tensor([100.0]), epoch / 10 - 0.05, False)
        average.after_step(torch.tensor([float(epoch)]), epoch / 10, True)
    assert average.weights.item() == pytest.approx((6 + 7 + 8 + 9 + 10) / 5)


def test_recalibrated_statistics_are_those_of_the_images(make_learner: MakeLearner) -> None:
    learner = make_learner()
    for _ in range(3):
        learner.take_step()
    batches = [learner.batch(0), learner.batch(1)]
    recalibrate(learner.model, batches)
    conv, norm = learner.model.module[0], learner.model.module[1]
    means = torch.stack([conv(batch.images).mean((0, 2, 3)) for batch in batches]).mean(0)
    assert torch.allclose(norm.running_mean, means, atol=1e-5)
    assert norm.momentum == 0.1


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_an_average_resumes(make_learner: MakeLearner, kind: str) -> None:
    config = {"averaging": {"kind": kind, "start": 0.0}, "schedule": {"epochs": 40, "batch_size": 512}}
    learner, other = make_learner(**config), make_learner(**config)
    for _ in range(3):
        learner.take_step()
    other.load_state_dict(copy.deepcopy(learner.state_dict()))
    for _ in range(3):
        learner.take_step()
        other.take_step()
    assert learner.average_weights.count == other.average_weights.count > 0
    assert torch.equal(learner.average_weights.weights, other.average_weights.weights)
