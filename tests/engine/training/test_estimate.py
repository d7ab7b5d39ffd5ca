"""The estimate of a training's cost, as the studio asks for it."""

import json
import subprocess
import sys
from typing import Any

import pytest

from engine.errors import Refused
from engine.experiment.schema import read
from engine.training.estimate import estimate
from engine.training.step.learner import Learner


def test_two_updates_are_timed_in_a_process_of_their_own() -> None:
    config = json.dumps({"model": {"name": "mlp"}, "schedule": {"batch_size": 32}})
    done = subprocess.run(
        [sys.executable, "-m", "engine.training.estimate"], input=config, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["seconds_per_update"] > 0
    assert found["device"]


def test_fewer_images_stand_for_a_batch_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(
        "engine.training.estimate._timed", lambda learner, _: sizes.append(learner.experiment.schedule.batch_size) or 1.0
    )
    config = {"model": {"name": "resnet18"}, "data": {"name": "cifar10"}, "method": {"name": "sgd"}}
    found = estimate(read({**config, "schedule": {"batch_size": 256}}))
    (size,) = set(sizes)
    assert 2 <= size < 256
    assert found["seconds_per_update"] == 256 / size


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({"runtime": {"accumulate": 6}, "schedule": {"batch_size": 12}}, 2),
        ({"method": {"name": "lpf-sgd", "draws": 2}, "schedule": {"batch_size": 12}}, 4),
        ({"method": {"name": "sam", "m_sharpness": 4}, "schedule": {"batch_size": 8}}, 2),
    ],
)
def test_fewer_images_are_cut_into_no_smaller_pieces(monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], size: int) -> None:
    """A single image of 8×8 pixels has no variance where the last BatchNorm of this network is."""
    monkeypatch.setattr("engine.training.estimate.LONGEST_FLOPS", 1.0)
    made: list[int] = []
    train = Learner.take_step
    monkeypatch.setattr(Learner, "take_step", lambda one: made.append(one.experiment.schedule.batch_size) or train(one))
    assert estimate(read({"model": {"name": "resnet18"}, **config}))["seconds_per_update"] > 0
    assert set(made) == {size}


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match=r"runtime.precision: fp16 needs an accelerator"):
        estimate(read({"runtime": {"device": "cpu", "precision": "fp16"}}))
