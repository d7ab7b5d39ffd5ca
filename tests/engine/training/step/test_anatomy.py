"""A step taken apart is the step that was taken, and is taken all the same."""

import math

import pytest
import torch

from engine.runs.status import StepAnatomy
from engine.training.step.anatomy import MOST, Anatomy
from engine.training.step.learner import Learner
from tests.engine.conftest import MakeLearner

PLAIN = {"name": "sgd", "momentum": 0.0, "weight_decay": 0.0}


def looked_at(learner: Learner) -> StepAnatomy | None:
    learner.anatomy = anatomy = Anatomy(learner.model.weights)
    learner.take_step()
    learner.anatomy = None
    return anatomy.of(learner.step, learner.model.weights)


def seen(learner: Learner) -> StepAnatomy:
    found = looked_at(learner)
    assert found is not None
    return found


@pytest.mark.parametrize("method", ["sgd", "sam", "rwp", "arwp", "m-rwp", "m-arwp", "nso", "sampa"])
def test_the_step_is_the_same_as_without(make_learner: MakeLearner, method: str) -> None:
    watched, plain = (make_learner(model={"name": "mlp"}, method={"name": method}) for _ in range(2))
    for _ in range(3):
        seen(watched)
        plain.take_step()
    assert torch.equal(watched.model.weights, plain.model.weights)


def test_the_direction_is_the_mix_of_the_gradients(make_learner: MakeLearner) -> None:
    learner = make_learner(model={"name": "mlp"}, method={"name": "m-rwp", "sigma": 0.1, "lambda": 0.3}, optimizer=PLAIN)
    before = learner.model.weights.clone()
    found = seen(learner)
    perturbed, clean = found.gradients
    assert (perturbed.perturbed, clean.perturbed) == (True, False)
    assert clean.radius is None
    assert perturbed.radius is not None
    a, b = 0.3 * perturbed.length, 0.7 * clean.length
    assert found.direction == pytest.approx(math.sqrt(a**2 + b**2 + 2 * a * b * found.cosines[0][1]), rel=1e-4)
    assert found.moved == pytest.approx((learner.model.weights - before).norm().item(), rel=1e-5)
    assert found.cosines[2][3] == pytest.approx(1, abs=1e-4), "without momentum the weights go against the direction"
    assert found.step == 1


def test_sam_climbs_first(make_learner: MakeLearner) -> None:
    learner = make_learner(model={"name": "mlp"}, method={"name": "sam", "rho": 0.2}, optimizer=PLAIN)
    found = seen(learner)
    assert [one.perturbed for one in found.gradients] == [False, True]
    assert found.gradients[1].radius == pytest.approx(0.2, rel=1e-5)
    assert found.direction == pytest.approx(found.gradients[1].length)
    assert found.cosines[1][2] == pytest.approx(1, abs=1e-5)


def test_momentum_turns_the_weights_away_from_the_direction(make_learner: MakeLearner) -> None:
    learner = make_learner(model={"name": "mlp"}, method={"name": "sgd"})
    seen(learner)
    found = seen(learner)
    assert found.cosines[1][2] < 0.999


def test_too_many_gradients_are_no_picture(make_learner: MakeLearner) -> None:
    learner = make_learner(model={"name": "mlp"}, method={"name": "lpf-sgd", "draws": MOST + 1})
    assert looked_at(learner) is None
