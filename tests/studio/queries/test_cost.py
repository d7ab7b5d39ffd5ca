"""What is told of the cost of a training before it is started."""

import sys
import threading
import time
from pathlib import Path

import pytest

from engine.experiment.recipes import find
from engine.experiment.schema import Experiment, read
from studio.queries import cost
from studio.queries.cost import Estimator, TimedStep

HEAVY = find("table2/cifar10/resnet18/m-arwp").experiment()


def test_the_work_is_that_of_the_catalogue() -> None:
    per_image = 3 * 1_110_845_440 * 2
    assert cost.flops_of_epoch(HEAVY) == per_image * (50_000 // 256) * 256
    assert "11.2 M weights; 195 steps an epoch; about 200 PFLOP in all" in Estimator().told(HEAVY)
    held_out = find("table2/cifar10/resnet18/m-arwp").experiment("data.validation_split=0.2")
    assert cost.steps_per_epoch(held_out) == 40_000 // 256


def test_only_what_is_heavy_is_timed_unasked_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "_timed", lambda _: TimedStep(2.0, "a processor"))
    estimator = Estimator()
    assert not estimator.is_wanted(Experiment())
    assert estimator.is_wanted(HEAVY)
    told = estimator.time(HEAVY)
    assert "About 6.5 min an epoch and 2.71 days in all on a processor, from two steps timed here." in told
    assert not estimator.is_wanted(HEAVY)
    longer = HEAVY.model_copy(update={"seed": 5, "schedule": HEAVY.schedule.model_copy(update={"epochs": 400})})
    assert "About 6.5 min an epoch and 5.42 days in all" in estimator.told(longer)
    assert estimator.is_wanted(read({**HEAVY.model_dump(), "schedule": {"batch_size": 128}}))


def test_what_the_machine_cannot_do_is_told_with_its_field() -> None:
    refused = read({"model": {"name": "mlp"}, "runtime": {"precision": "fp16", "device": "cpu"}})
    assert "could not be timed: runtime.precision: fp16 needs an accelerator" in Estimator().time(refused)


def test_what_is_being_timed_ends_with_the_studio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (endless := tmp_path / "endless").write_text("#!/bin/sh\nexec sleep 60\n")
    endless.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(endless))
    timing = threading.Thread(target=Estimator().time, args=(HEAVY,))
    timing.start()
    while not cost._running:
        assert timing.is_alive()
        time.sleep(0.01)
    cost.end()
    timing.join(30)
    assert not timing.is_alive()
    assert not cost._running
    assert not caplog.records
