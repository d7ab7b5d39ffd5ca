"""Every method with every number format, kind of network and optimizer: it steps, restores the weights, and resumes."""

import io
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.experiment.schema import UNIONS
from engine.training.step.learner import Learner
from tests.engine.conftest import MakeLearner

PAPER = ("sgd", "sam", "rwp", "arwp", "m-rwp", "m-arwp")
NETWORKS = {"small-cnn": UNIONS["method"], "resnet18": PAPER, "vit-s": PAPER}


def _marks(method: str, model: str) -> list[pytest.MarkDecorator]:
    """Large networks for two methods, and for the others where there is time."""
    return [pytest.mark.slow] if model != "small-cnn" and method not in ("sam", "m-arwp") else []


CASES = [
    pytest.param(method, model, optimizer, precision, id=f"{method}-{model}-{optimizer}-{precision}", marks=_marks(method, model))
    for model, methods in NETWORKS.items()
    for method in methods
    for optimizer in ("sgd", "adamw")
    for precision in ("fp32", "bf16")
]


def watched(learner: Learner) -> Learner:
    """The loop, which now checks that its gradients leave the weights as they were."""
    inner = learner.gradients

    def gradients(*passes: Any) -> tuple[Tensor, ...]:
        before = learner.model.weights.clone()
        found = inner(*passes)
        assert torch.equal(learner.model.weights, before)
        return found

    learner.gradients = gradients
    return learner


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    content = io.BytesIO()
    torch.save(state, content)
    content.seek(0)
    loaded: dict[str, Any] = torch.load(content, weights_only=True)
    return loaded


def assert_same(one: Any, other: Any) -> None:
    """Nested containers of equal tensors and numbers."""
    assert type(one) is type(other)
    if isinstance(one, Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert_same(value, other[key])
    elif isinstance(one, list | tuple):
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    else:
        assert one == other


@pytest.mark.parametrize(("method", "model", "optimizer", "precision"), CASES)
def test_it_steps_restores_the_weights_and_resumes(
    make_learner: MakeLearner, method: str, model: str, optimizer: str, precision: str
) -> None:
    config = {
        "method": {"name": method},
        "model": {"name": model},
        "optimizer": {"name": optimizer, "lr": 1e-3},
        "runtime": {"precision": precision},
        "data": {"train_size": 32},
        "schedule": {"epochs": 2, "batch_size": 4},
    }
    learner, other = watched(make_learner(**config)), make_learner(**config)
    before = learner.model.weights.clone()
    for _ in range(2):
        learner.take_step()
    other.load_state_dict(through_a_file(learner.state_dict()))
    assert_same(other.state_dict(), learner.state_dict())
    assert torch.isfinite(torch.tensor(list(learner.take_step().values()))).all()
    other.take_step()
    assert learner.step == 3
    assert torch.isfinite(learner.model.weights).all()
    assert not torch.equal(learner.model.weights, before)
    assert_same(other.state_dict(), learner.state_dict())
