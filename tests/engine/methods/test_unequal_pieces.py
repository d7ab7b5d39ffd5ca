"""Mini-batches in pieces of unequal size: every image counts the same, whatever piece it is in."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from engine.catalogue import MODELS
from engine.errors import Refused
from engine.experiment.live_changes import apply_checked
from engine.experiment.portions import normalised, parts, shards, shared
from engine.experiment.schema import read
from engine.experiment.validate import sizes
from engine.training import models
from engine.training.data import Batch
from engine.training.step.learner import Learner
from engine.training.weights.averaging import recalibrate
from tests.engine.conftest import MakeLearner

MLP = {"model": {"name": "mlp"}, "double": True}


def direction(learner: Learner) -> torch.Tensor:
    return learner._work(learner._fresh).direction.clone()


def plain(learner: Learner, batch: Batch) -> torch.Tensor:
    """∇L_B(w) by autograd alone."""
    loss = F.cross_entropy(learner.model.module(batch.images), batch.labels)
    found = torch.autograd.grad(loss, list(learner.model.module.parameters()))
    return torch.cat([one.reshape(-1) for one in found])


@pytest.mark.parametrize("method", ["sam", "asam", "fsam"])
@pytest.mark.parametrize("m", [1, 24, 63, 64, 100])
def test_without_a_radius_shards_of_any_size_give_the_gradient(make_learner: MakeLearner, method: str, m: int) -> None:
    learner = make_learner(**MLP, method={"name": method, "rho": 0.0, "m_sharpness": m})
    wanted = plain(learner, learner.batch())
    torch.testing.assert_close(direction(learner), wanted, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("draws", [1, 5, 7, 48, 64])
def test_without_noise_draws_of_any_number_give_the_gradient(make_learner: MakeLearner, draws: int) -> None:
    learner = make_learner(**MLP, method={"name": "lpf-sgd", "sigma": 0.0, "draws": draws})
    wanted = plain(learner, learner.batch())
    torch.testing.assert_close(direction(learner), wanted, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("accumulate", [3, 5, 48])
@pytest.mark.parametrize("method", [{"name": "sgd"}, {"name": "sam", "m_sharpness": 24}, {"name": "lpf-sgd", "draws": 5}])
def test_accumulated_parts_of_any_size_give_the_same(make_learner: MakeLearner, method: dict[str, Any], accumulate: int) -> None:
    whole, cut = (make_learner(**MLP, method=method, runtime={"accumulate": count}) for count in (1, accumulate))
    torch.testing.assert_close(direction(cut), direction(whole), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    "method", [{"name": "sam", "rho": 0.0, "m_sharpness": 60}, {"name": "lpf-sgd", "sigma": 0.0, "draws": 5}]
)
def test_a_recorded_loss_is_that_of_all_images(make_learner: MakeLearner, method: dict[str, Any]) -> None:
    learner = make_learner(**MLP, method=method)
    batch = learner.batch()
    logits = learner.model.module(batch.images).detach()
    measured = learner.take_step()
    kind = "" if method["name"] == "sam" else "perturbed_"
    assert measured[f"train/{kind}loss"] == pytest.approx(F.cross_entropy(logits, batch.labels).item(), rel=1e-10)
    assert measured[f"train/{kind}accuracy"] == pytest.approx((logits.argmax(1) == batch.labels).double().mean().item())


@pytest.mark.parametrize(("total", "count"), [(9, 8), (128, 48), (64, 64), (7, 2)])
def test_as_many_draws_as_asked_for(make_learner: MakeLearner, total: int, count: int) -> None:
    learner = make_learner(model={"name": "mlp"}, method={"name": "lpf-sgd", "draws": count}, schedule={"batch_size": total})
    sizes = [len(piece) for piece in learner.parts(learner.batch(), count)]
    assert (len(sizes), sum(sizes), max(sizes) - min(sizes) <= 1) == (count, total, True)


def test_statistics_are_those_of_all_images_whatever_the_batches(make_learner: MakeLearner) -> None:
    learner = make_learner(double=True)
    batch = learner.batch()
    recalibrate(learner.model, batch.split([60, 4]))
    first = next(norms(learner))
    seen = learner.model.module[0](batch.images)
    torch.testing.assert_close(first.running_mean, seen.mean((0, 2, 3)), rtol=1e-10, atol=1e-12)
    pieces = [piece.var((0, 2, 3)) * len(piece) / 64 for piece in seen.split([60, 4])]
    torch.testing.assert_close(first.running_var, torch.stack(pieces).sum(0), rtol=1e-10, atol=1e-12)
    assert first.momentum == 0.1


@pytest.mark.parametrize("sizes", [[4, 1], [1, 4], [1, 1, 3], [3, 1, 1]])
def test_statistics_are_never_measured_on_a_single_image(make_learner: MakeLearner, sizes: list[int]) -> None:
    """As the last of 513 images would be."""
    learner = make_learner(**RESNET, schedule={"batch_size": sum(sizes)}, double=True)
    batch = learner.batch()
    recalibrate(learner.model, batch.split(sizes))
    mean = learner.model.module[0](batch.images).mean((0, 2, 3))
    torch.testing.assert_close(next(norms(learner)).running_mean, mean, rtol=1e-10, atol=1e-12)


def norms(learner: Learner) -> Iterator[torch.nn.BatchNorm2d]:
    return (layer for layer in learner.model.module.modules() if isinstance(layer, torch.nn.BatchNorm2d))


def test_cuts() -> None:
    assert (shards(64, 24), shards(64, 64), parts(9, 8), parts(7, 2)) == ([24, 24, 16], [64], [2, *[1] * 7], [4, 3])


APART = {"method": {"name": "sam"}, "runtime": {"accumulate": 3, "processes": 2, "ascent": "per-process"}}


@pytest.mark.parametrize(
    ("config", "batch", "together", "alone"),
    [
        ({"method": {"name": "sam", "m_sharpness": 24}}, 64, [24, 24, 16], [24, 24, 16]),
        ({"method": {"name": "lpf-sgd", "draws": 2}, "runtime": {"accumulate": 3}}, 9, [2, 2, 1, 2, 1, 1], [2, 2, 1, 2, 1, 1]),
        (APART, 8, [8], [2, 1, 1, 2, 1, 1]),
    ],
)
def test_what_is_computed_at_once(config: dict[str, Any], batch: int, together: list[int], alone: list[int]) -> None:
    experiment = read({**config, "schedule": {"batch_size": batch}})
    assert (shared(experiment), normalised(experiment)) == (together, alone)


def refused(config: dict[str, Any]) -> list[str]:
    return [problem.field for problem in sizes(read(config))]


def test_more_draws_than_images_are_refused() -> None:
    assert refused({"method": {"name": "lpf-sgd", "draws": 9}, "schedule": {"batch_size": 8}}) == ["method.draws"]
    assert refused({"method": {"name": "lpf-sgd", "draws": 8}, "schedule": {"batch_size": 8}}) == []
    assert refused({"format": 1, "method": {"name": "lpf-sgd", "draws": 9}, "schedule": {"batch_size": 8}}) == []


RESNET = {"model": {"name": "resnet18"}}


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"schedule": {"batch_size": 5}, "runtime": {"accumulate": 5}}, "runtime.accumulate"),
        ({"schedule": {"batch_size": 5}, "runtime": {"accumulate": 3}}, "runtime.accumulate"),
        ({"schedule": {"batch_size": 5}, "method": {"name": "sam", "m_sharpness": 2}}, "method.m_sharpness"),
        ({"schedule": {"batch_size": 9}, "method": {"name": "lpf-sgd", "draws": 8}}, "method.draws"),
        (
            {"schedule": {"batch_size": 2}, "method": {"name": "sam"}, "runtime": {"processes": 2, "ascent": "per-process"}},
            "runtime.processes",
        ),
    ],
)
def test_one_image_of_which_there_is_no_variance_is_refused(config: dict[str, Any], field: str) -> None:
    assert refused({**RESNET, **config}) == [field]
    assert refused({**config, "model": {"name": "small-cnn"}}) == []


def test_a_live_change_that_leaves_one_image_is_refused() -> None:
    experiment = read({**RESNET, "schedule": {"batch_size": 6}, "runtime": {"accumulate": 3}})
    with pytest.raises(Refused, match=r"runtime\.accumulate.*no variance"):
        apply_checked(experiment, {"schedule.batch_size": 5})


@pytest.mark.parametrize("name", [name for name, row in MODELS.items() if row.parameters < 30_000_000])
def test_the_models_that_need_two_images_are_those_that_fail_with_one(name: str) -> None:
    row = MODELS[name]
    side = max(row.smallest, 4)
    shape = (3, side, side)
    config = {"data": {"name": "folder", "path": "/unused", "image_size": side}, "model": {"name": name}}
    module = models.build(read(config), shape, 10, 0).train()
    if row.needs_two_images(shape):
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            module(torch.zeros(1, *shape))
    assert module(torch.zeros(1 + row.needs_two_images(shape), *shape)).shape[1] == 10
