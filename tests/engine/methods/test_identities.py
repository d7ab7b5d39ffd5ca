"""Where a knob is at its end, a method is another one: bit for bit."""

import pytest
import torch

from engine.training.data import Batch, InMemoryTraining
from engine.training.step.learner import Learner
from tests.engine.conftest import MakeLearner

STEPS = 6
FLAT = {"sigma_schedule": "constant", "sigma": 0.02}


def final(learner: Learner) -> list[torch.Tensor]:
    """Weights and buffers after a few steps."""
    for _ in range(STEPS):
        learner.take_step()
    return [learner.model.weights, *learner.model.buffers]


def assert_same(a: Learner, b: Learner) -> None:
    for x, y in zip(final(a), final(b), strict=True):
        assert torch.equal(x, y)


IDENTITIES = {
    "σ=0 makes rwp sgd": ({"name": "rwp", "sigma": 0.0}, {"name": "sgd"}),
    "σ=0 makes arwp sgd": ({"name": "arwp", "sigma": 0.0}, {"name": "sgd"}),
    "η=0 makes arwp rwp": ({"name": "arwp", "eta": 0.0, **FLAT}, {"name": "rwp", **FLAT}),
    "η=0 makes m-arwp m-rwp": ({"name": "m-arwp", "eta": 0.0, **FLAT}, {"name": "m-rwp", **FLAT}),
    "λ=0 makes m-rwp sgd on B2": ({"name": "m-rwp", "lambda": 0.0}, {"name": "sgd"}),
    "λ=0 makes m-arwp sgd on B2": ({"name": "m-arwp", "lambda": 0.0}, {"name": "sgd"}),
    "ρ=0 makes sam sgd": ({"name": "sam", "rho": 0.0}, {"name": "sgd"}),
    "σ=0 makes nso sgd": ({"name": "nso", "sigma": 0.0}, {"name": "sgd"}),
    "ρ=0 makes msam sgd": ({"name": "msam", "rho": 0.0}, {"name": "sgd"}),
    "ρ=λ=0 makes sampa sgd": (
        {"name": "sampa", "rho": 0.0, "lambda": 0.0, "bn_statistics": "perturbed"},  # of the pass at x
        {"name": "sgd"},
    ),
    "σ=0 on one batch makes m-rwp sgd": ({"name": "m-rwp", "sigma": 0.0, "batches": "same"}, {"name": "sgd"}),
}


@pytest.mark.parametrize(("method", "other"), IDENTITIES.values(), ids=IDENTITIES.keys())
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_identity(make_learner: MakeLearner, method: dict[str, object], other: dict[str, object], optimizer: str) -> None:
    base = {"name": optimizer}
    assert_same(make_learner(method=method, optimizer=base), make_learner(method=other, optimizer=base))


class Swapped(InMemoryTraining):
    """The same data with its two batch orders exchanged."""

    def batch(self, stream: int, step: int) -> Batch:
        return super().batch(1 - stream, step)


def test_lambda_one_makes_m_rwp_rwp_on_b1(make_learner: MakeLearner) -> None:
    mixed = make_learner(method={"name": "m-rwp", "lambda": 1.0, "bn_statistics": "perturbed", **FLAT})
    mixed.data.__class__ = Swapped
    assert_same(mixed, make_learner(method={"name": "rwp", **FLAT}))


@pytest.mark.parametrize(("method", "other"), [({"name": "sampa", "lambda": 0.0}, "sam"), ({"name": "msam"}, "sgd")])
def test_a_first_step_is_that_of_another(make_learner: MakeLearner, method: dict[str, object], other: str) -> None:
    """y is where x is, and there is no momentum yet."""
    a, b = make_learner(method=method), make_learner(method={"name": other})
    for is_same in (True, False):
        a.take_step()
        b.take_step()
        assert torch.equal(a.model.weights, b.model.weights) == is_same


@pytest.mark.parametrize(("name", "evaluations"), [("msam", STEPS), ("nso", 2 * STEPS), ("sampa", 2 * STEPS + 1)])
def test_every_gradient_is_counted(make_learner: MakeLearner, name: str, evaluations: int) -> None:
    """Of sampa also the one at the start."""
    learner = make_learner(method={"name": name})
    final(learner)
    assert (learner.gradient_evaluations, learner.samples) == (evaluations, evaluations * 64)


@pytest.mark.parametrize("name", ["rwp", "arwp", "m-rwp", "m-arwp", "sam", "sampa", "nso", "msam"])
def test_a_perturbation_is_not_nothing(make_learner: MakeLearner, name: str) -> None:
    """The identities above would also hold if perturbations never reached the weights."""
    a, b = make_learner(method={"name": name}), make_learner(method={"name": "sgd"})
    assert not torch.equal(final(a)[0], final(b)[0])
