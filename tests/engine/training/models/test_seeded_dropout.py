"""Dropout: what it does to numbers, and that its masks follow the seed of a pass and nothing else."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from engine.training.data import Batch
from engine.training.models.seeded_dropout import Dropout, own_dropout, reseed
from tests.engine.conftest import MakeLearner

VIT = {"name": "vit-s"}


def masks(module: nn.Module, seed: int) -> Tensor:
    reseed(module, seed)
    return module(torch.ones(50, 40))


def network() -> nn.Module:
    return nn.Sequential(Dropout(0.5), Dropout(0.5))


def test_a_share_is_dropped_and_the_mean_kept() -> None:
    dropped = Dropout(0.3)(torch.full((1000, 100), 2.0))
    assert dropped.unique().tolist() == pytest.approx([0, 2 / 0.7])
    assert (dropped == 0).float().mean() == pytest.approx(0.3, abs=0.01)


def test_nothing_is_dropped_when_evaluating_or_with_p_zero() -> None:
    x = torch.randn(20, 20)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)


def test_gradients_pass_where_values_do() -> None:
    x = torch.ones(1000, requires_grad=True)
    y = Dropout(0.5)(x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())


def test_masks_follow_the_seed_and_differ_between_layers_and_passes() -> None:
    module = network()
    first = masks(module, 1)
    again = module(torch.ones(50, 40))
    assert torch.equal(masks(module, 1), first)
    assert not torch.equal(masks(module, 2), first)
    assert not torch.equal(first, again)
    one, two = module
    reseed(module, 1)
    assert not torch.equal(one(torch.ones(50, 40)), two(torch.ones(50, 40)))


def test_a_copy_has_masks_of_its_own() -> None:
    module = network()
    first = masks(module, 1)
    twin = copy.deepcopy(module)
    masks(module, 2)
    assert torch.equal(masks(twin, 1), first)


def test_threads_do_not_disturb_each_other() -> None:
    alone = [masks(network(), seed) for seed in range(8)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda seed: masks(network(), seed), range(8)))
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))


def test_torchs_own_is_replaced() -> None:
    module = own_dropout(nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Dropout(0.4))))
    assert repr(module[1][0]) == "Dropout(p=0.4)"
    assert isinstance(module[1][0], Dropout)


def test_every_piece_of_a_batch_has_masks_of_its_own() -> None:
    once, again = (
        [piece.seed() for piece in Batch(torch.empty(8, 1), torch.empty(8), seed=lambda: 5).split([2] * 4)] for _ in range(2)
    )
    assert len(set(once)) == 4
    assert once == again


def test_batches_differ_by_stream_step_and_experiment(make_learner: MakeLearner) -> None:
    data, other = make_learner().data, make_learner(seed=1).data
    seeds = [batch.seed() for batch in (data.batch(0, 0), data.batch(1, 0), data.batch(0, 1), other.batch(0, 0))]
    assert len(set(seeds)) == 4
    assert data.batch(0, 0).seed() == seeds[0]


@pytest.mark.parametrize("method", [{"name": "m-rwp", "sigma": 0.0, "batches": "same"}, {"name": "sam", "rho": 0.0}])
def test_two_gradients_of_one_batch_have_the_same_masks(make_learner: MakeLearner, method: dict[str, object]) -> None:
    """So that without a perturbation the method is SGD, bit for bit, in a network with dropout too."""
    small = {"model": VIT, "schedule": {"epochs": 1, "batch_size": 8}, "data": {"train_size": 32}}
    learner, sgd = make_learner(method=method, **small), make_learner(method={"name": "sgd"}, **small)
    for _ in range(3):
        learner.take_step()
        torch.rand(3)
        sgd.take_step()
    assert torch.equal(learner.model.weights, sgd.model.weights)
