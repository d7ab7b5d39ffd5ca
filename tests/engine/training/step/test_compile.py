"""A compiled network computes what the plain one does."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.training import models
from engine.training.models.seeded_dropout import Dropout, keep_as_it_is
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel
from tests.engine.conftest import MakeLearner
from tests.processes import SHORT, Launch, ended, wait


def compiled(learner: Learner) -> Learner:
    """The same training at its beginning, with a compiled network."""
    shape = tuple(learner.batch().images.shape[1:])
    module = models.build(learner.experiment, shape, 10, learner.experiment.seed).to(learner.model.weights.dtype)
    return Learner(learner.experiment, FlatModel(module, torch.device("cpu"), is_compiled=True), learner.data)


@pytest.mark.slow
@pytest.mark.parametrize("streams", ["sequential", "parallel"])
def test_losses_are_those_of_the_plain_network(make_learner: MakeLearner, streams: str) -> None:
    plain = make_learner(model={"name": "small-cnn"}, method={"name": "m-arwp"}, double=True)
    fast = compiled(plain)
    weights = fast.model.weights.clone()
    buffers = [buffer.clone() for buffer in fast.model.buffers]
    assert fast.compile() > 0
    assert torch.equal(fast.model.weights, weights)
    assert all(torch.equal(a, b) for a, b in zip(fast.model.buffers, buffers, strict=True))
    fast.choose_streams(streams)
    for _ in range(10):
        assert fast.take_step()["train/loss"] == pytest.approx(plain.take_step()["train/loss"], rel=1e-9)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # torch.compile's own business
def test_masks_of_dropout_are_those_of_the_plain_network(make_learner: MakeLearner) -> None:
    plain = make_learner(model={"name": "vit-s"}, method={"name": "sgd"}, schedule={"batch_size": 8})
    fast = compiled(plain)
    for _ in range(3):
        assert fast.take_step()["train/loss"] == pytest.approx(plain.take_step()["train/loss"], rel=1e-4)


def test_a_copy_of_the_network_switches_its_dropout_off_by_itself() -> None:
    module = nn.Sequential(Dropout(0.5))
    keep_as_it_is(module)
    copied, x = copy.deepcopy(module), torch.ones(64)
    assert torch.equal(copied.eval()(x), x)
    assert not torch.equal(module.train()(x), x)


@pytest.mark.slow
def test_without_a_compiler_the_field_is_named(
    launch: Launch, cold_start: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "/nonexistent/g++")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    status = wait(launch({**SHORT, "runtime": {"compile": True}}), ended)
    assert (status.state, status.field) == ("failed", "runtime.compile")
    assert "compiler" in status.message
