"""The plane through several runs goes through them, and the loss on it is theirs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import Refused
from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.runs.lineage import fork
from engine.runs.run import Run
from engine.training.data import Batch
from engine.training.plane import Place, Plane, measure
from engine.training.probes.evaluate import average
from engine.training.trainer.trainer import Trainer
from tests.engine.runs.test_lineage import CONFIG, trained, training

QUICK: dict[str, Any] = {"landscape": {"at_end": False, "budget": 0.0}, "runtime": {"keep_every": 1}}


def quick(folder: Path, model: str = "mlp") -> Run:
    return trained(folder, **merge(CONFIG, {**QUICK, "model": {"name": model}}))


def offsets(plane: Plane, weights: torch.Tensor) -> torch.Tensor:
    """Of each of the weights, what does not lie in the plane."""
    places = torch.from_numpy(plane.places).float()
    return weights - (plane.center + places[:, :1] * plane.across + places[:, 1:] * plane.along)


def test_three_lie_in_their_plane_and_it_is_square() -> None:
    weights = torch.randn(3, 500, generator=torch.Generator().manual_seed(0))
    plane = Plane.through(weights, torch.zeros(500))
    assert offsets(plane, weights).abs().max() < 1e-4
    assert plane.explained == pytest.approx(1, abs=1e-6)
    assert torch.dot(plane.across, plane.along).abs() < 1e-5
    between = np.linalg.norm(plane.places[0] - plane.places[1])
    assert between == pytest.approx((weights[0] - weights[1]).norm().item(), rel=1e-4)


def test_two_lie_on_the_first_axis() -> None:
    weights = torch.randn(2, 500, generator=torch.Generator().manual_seed(0))
    plane = Plane.through(weights, torch.randn(500, generator=torch.Generator().manual_seed(1)))
    assert offsets(plane, weights).abs().max() < 1e-4
    assert np.abs(plane.places[:, 1]).max() < 1e-3
    assert torch.dot(plane.across, plane.along).abs() < 1e-5


def test_more_lie_as_near_to_it_as_can_be() -> None:
    weights = torch.randn(6, 40, generator=torch.Generator().manual_seed(2)) * torch.linspace(1, 5, 40)
    plane = Plane.through(weights, torch.zeros(40))
    centered = (weights - weights.mean(0)).numpy()
    lengths = np.linalg.svd(centered, compute_uv=False)
    assert plane.explained == pytest.approx((lengths[:2] ** 2).sum() / (lengths**2).sum(), rel=1e-4)
    rest = offsets(plane, weights).numpy()
    assert (rest**2).sum() == pytest.approx((lengths[2:] ** 2).sum(), rel=1e-3)


@pytest.mark.parametrize("model", ["mlp", "small-cnn"])
def test_the_loss_at_a_run_is_that_of_the_run(tmp_path: Path, model: str) -> None:
    parent = quick(tmp_path, model)
    forks = fork(parent, 4, ["sgd", "sam"])
    for run in forks:
        with training(run) as made:
            made.run_to_end()
    places = [Place.of(str(run.path), None) for run in (parent, *forks)]
    *progress, last = measure(places, tmp_path, 5, 128)
    assert [one["done"] for one in progress] == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])
    found = last["found"]
    assert np.array(found["loss"]).shape == (5, 5)
    assert found["steps"] == [16, 16, 16]
    assert np.isfinite(found["loss"]).all()
    with training(parent) as made:
        batches = list(made.sources.plain.batches(limit=128))
        assert found["own"][0] == pytest.approx(with_new_statistics(made, batches), rel=1e-3)
    reach = np.abs(found["places"]).max()
    assert found["x"][0] == pytest.approx(-1.7 * reach)
    assert found["x"][0] < np.array(found["places"]).min()


def with_new_statistics(made: Trainer, batches: list[Batch]) -> float:
    """The mean loss with BatchNorm statistics that are the mean over the batches, by torch's own cumulative average."""
    module = made.learner.model.module
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None
    module.train()
    with torch.no_grad():
        for batch in batches:
            module(batch.images)
    module.eval()
    return average(made.learner.model, batches)[0]


def test_an_earlier_checkpoint_is_a_place_too(tmp_path: Path) -> None:
    run = quick(tmp_path)
    early = Place.of(str(run.path), 8)
    assert early.step == 8
    assert not torch.equal(early.weights, Place.of(str(run.path), None).weights)
    with pytest.raises(Refused, match="no whole checkpoint of step 9") as refused:
        Place.of(str(run.path), 9)
    assert "4, 8, 12, 16" in str(refused.value)


def test_different_networks_have_no_plane(tmp_path: Path) -> None:
    runs = [quick(tmp_path, name) for name in ("mlp", "small-cnn")]
    with pytest.raises(Refused, match=r"has small-cnn, and .* has mlp"):
        list(measure([Place.of(str(run.path), None) for run in runs], tmp_path, 5, 16))
    none = Run.create(tmp_path, read(merge(CONFIG, QUICK)))
    with pytest.raises(Refused, match="no whole checkpoint"):
        Place.of(str(none.path), None)
