"""Number formats, micro-batches, loss scaling and the loss change how a gradient is computed, not what it is."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from engine.experiment.schema import UNIONS, read
from engine.training.data import Batch
from engine.training.step.learner import Learner
from engine.training.weights.backward import GROWTH_INTERVAL, Backward, LossScale, Overflow
from tests.engine.conftest import MakeLoop

CPU = torch.device("cpu")


def gradient(loop: Learner, batch: Batch, **config: object) -> torch.Tensor:
    Backward(read(config), CPU).differentiate(loop.replica, batch)
    return loop.replica.gradient.clone()


def test_micro_batches_give_the_gradient_of_the_whole(make_loop: MakeLoop) -> None:
    loop = make_loop(double=True, model={"name": "mlp"})
    batch = loop.batch()
    whole = gradient(loop, batch)
    for parts in (2, 3, 64):
        assert torch.allclose(gradient(loop, batch, runtime={"accumulate": parts}), whole, rtol=1e-9, atol=1e-12)


def test_bf16_is_close_to_fp32(make_loop: MakeLoop) -> None:
    """On average: what of a gradient is left when those of its images cancel out depends on the network."""
    apart = []
    for seed in range(8):
        loop = make_loop(model={"name": "mlp"}, seed=seed)
        exact, rough = gradient(loop, loop.batch()), gradient(loop, loop.batch(), runtime={"precision": "bf16"})
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


def half(loop: Learner) -> Learner:
    """The loop in fp16, which the schema allows only on an accelerator."""
    loop._numerics._format = torch.float16
    loop._numerics.scale = LossScale(active=True)
    return loop


@pytest.mark.parametrize("method", ["sgd", "sam", "m-arwp"])
def test_scaled_gradients_are_unscaled_one_by_one(make_loop: MakeLoop, method: str) -> None:
    model = {"name": "mlp"}
    exact, rough = make_loop(method={"name": method}, model=model), half(make_loop(method={"name": method}, model=model))
    start = exact.replica.weights.clone()
    exact.train()
    rough.train()
    assert (exact.replica.weights - rough.replica.weights).norm() < 0.03 * (exact.replica.weights - start).norm()


@pytest.mark.parametrize("method", UNIONS["method"])
def test_an_overflow_skips_the_update_and_restores_the_weights(make_loop: MakeLoop, method: str) -> None:
    loop = half(make_loop(method={"name": method}, model={"name": "mlp"}))
    before = loop.replica.weights.clone()
    loop._numerics.scale.value = 2.0**40
    assert loop.train() == {"train/loss_scale": 2.0**39}
    assert torch.equal(loop.replica.weights, before)
    assert loop.step == 1
    assert all(torch.isfinite(part).all() for part in loop._memory.values())
    assert torch.isfinite(loop.past.v).all()


def test_overflow_is_raised_for_what_is_not_finite(make_loop: MakeLoop) -> None:
    loop = half(make_loop(model={"name": "mlp"}))
    loop._numerics.scale.value = 2.0**60
    with pytest.raises(Overflow):
        loop._numerics.differentiate(loop.replica, loop.batch())


def test_a_long_direction_is_clipped(make_loop: MakeLoop) -> None:
    base = {"name": "sgd", "lr": 1.0, "momentum": 0.0, "weight_decay": 0.0, "clip_norm": 1e-3}
    loop = make_loop(method={"name": "sgd"}, optimizer=base)
    before = loop.replica.weights.clone()
    loop.train()
    assert torch.isclose((loop.replica.weights - before).norm(), torch.tensor(1e-3), rtol=1e-3)
