"""Number formats, micro-batches, loss scaling and the loss change how a gradient is computed, not what it is."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from engine.experiment.schema import UNIONS, read
from engine.training.data import Batch
from engine.training.step.learner import Learner
from engine.training.weights.backward import GROWTH_INTERVAL, Backward, LossScale, Overflow
from tests.engine.conftest import MakeLearner

CPU = torch.device("cpu")


def gradient(learner: Learner, batch: Batch, **config: object) -> torch.Tensor:
    Backward(read(config), CPU).differentiate(learner.model, batch)
    return learner.model.gradient.clone()


def test_micro_batches_give_the_gradient_of_the_whole(make_learner: MakeLearner) -> None:
    learner = make_learner(double=True, model={"name": "mlp"})
    batch = learner.batch()
    whole = gradient(learner, batch)
    for parts in (2, 3, 64):
        assert torch.allclose(gradient(learner, batch, runtime={"accumulate": parts}), whole, rtol=1e-9, atol=1e-12)


def test_bf16_is_close_to_fp32(make_learner: MakeLearner) -> None:
    """On average: what of a gradient is left when those of its images cancel out depends on the network."""
    apart = []
    for seed in range(8):
        learner = make_learner(model={"name": "mlp"}, seed=seed)
        exact, rough = gradient(learner, learner.batch()), gradient(learner, learner.batch(), runtime={"precision": "bf16"})
        apart.append(float((rough - exact).norm() / exact.norm()))
    assert min(apart) > 0
    assert sum(apart) / len(apart) < 0.03


def test_label_smoothing_and_mixup_are_blends_of_losses() -> None:
    logits, labels, partners = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1]), torch.tensor([1, 1, 0, 2, 2])
    batch = Batch(torch.empty(5, 1, 1, 1), labels, partners, 0.3, 0.7)
    smooth = Backward(read({"data": {"label_smoothing": 0.2}}), CPU).loss(logits, replace(batch, partners=None))
    targets = F.one_hot(labels, 3) * 0.8 + 0.2 / 3
    assert torch.isclose(smooth, -(targets * logits.log_softmax(1)).sum(1).mean())
    mixed = Backward(read({}), CPU).loss(logits, batch)
    targets = 0.3 * F.one_hot(labels, 3) + 0.7 * F.one_hot(partners, 3)
    assert torch.isclose(mixed, -(targets * logits.log_softmax(1)).sum(1).mean())


def test_the_loss_scale_halves_on_overflow_and_doubles_after_good_updates() -> None:
    scale = LossScale(active=True)
    scale.overflowed()
    assert scale.value == 2.0**15
    for _ in range(GROWTH_INTERVAL):
        scale.passed()
    assert scale.value == 2.0**16


def half(learner: Learner) -> Learner:
    """The loop in fp16, which the schema allows only on an accelerator."""
    learner._numerics._format = torch.float16
    learner._numerics.scale = LossScale(active=True)
    return learner


@pytest.mark.parametrize("method", ["sgd", "sam", "m-arwp"])
def test_scaled_gradients_are_unscaled_one_by_one(make_learner: MakeLearner, method: str) -> None:
    model = {"name": "mlp"}
    exact, rough = make_learner(method={"name": method}, model=model), half(make_learner(method={"name": method}, model=model))
    start = exact.model.weights.clone()
    exact.take_step()
    rough.take_step()
    assert (exact.model.weights - rough.model.weights).norm() < 0.03 * (exact.model.weights - start).norm()


@pytest.mark.parametrize("method", UNIONS["method"])
def test_an_overflow_skips_the_update_and_restores_the_weights(make_learner: MakeLearner, method: str) -> None:
    learner = half(make_learner(method={"name": method}, model={"name": "mlp"}))
    before = learner.model.weights.clone()
    learner._numerics.scale.value = 2.0**40
    assert learner.take_step() == {"train/loss_scale": 2.0**39}
    assert torch.equal(learner.model.weights, before)
    assert learner.step == 1
    assert all(torch.isfinite(part).all() for part in learner._memory.values())
    assert torch.isfinite(learner.past.v).all()


def test_overflow_is_raised_for_what_is_not_finite(make_learner: MakeLearner) -> None:
    learner = half(make_learner(model={"name": "mlp"}))
    learner._numerics.scale.value = 2.0**60
    with pytest.raises(Overflow):
        learner._numerics.differentiate(learner.model, learner.batch())


def test_a_long_direction_is_clipped(make_learner: MakeLearner) -> None:
    base = {"name": "sgd", "lr": 1.0, "momentum": 0.0, "weight_decay": 0.0, "clip_norm": 1e-3}
    learner = make_learner(method={"name": "sgd"}, optimizer=base)
    before = learner.model.weights.clone()
    learner.take_step()
    assert torch.isclose((learner.model.weights - before).norm(), torch.tensor(1e-3), rtol=1e-3)
