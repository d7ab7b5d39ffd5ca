"""What is measured while a training goes on is labelled by the weights that it was measured at."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.runs.reader import Event
from engine.runs.run import Run
from engine.training.probes import EVALUATION
from engine.training.trainer.throughput import Throughput
from engine.training.trainer.trainer import Trainer
from tests.engine.runs.test_lineage import CONFIG, training
from tests.processes import SHORT, Launch, is_finished, wait, weights_at_end

SMALL = {"landscape": {"resolution": 5, "images": 128, "at_end": False}, "data": {"train_size": 128}}


def surveyed(runs: Path, **changes: Any) -> tuple[Run, float]:
    """A run with a landscape that was asked for after three steps, and done seven later; with the loss after three."""
    run = Run.create(runs, read(merge(merge(CONFIG, SMALL), changes)))
    with training(run) as made:
        update(made, 3)
        loss = made._probes.measure_at_once(EVALUATION)["train_eval/loss"]
        made._probes.want("landscape")
        made._probes.go_on()
        update(made, 7)
        while made._probes.is_to_do:
            made._probes.go_on()
    return run, loss


def update(made: Trainer, times: int) -> None:
    for _ in range(times):
        made._step(Throughput(made.learner, made.control))


def told(run: Run, kind: str) -> list[Event]:
    return [event for event in run.records.events() if event.kind == kind]


@pytest.mark.parametrize(
    ("model", "statistics"), [("mlp", "clean"), ("small-cnn", "clean"), ("small-cnn", "perturbed"), ("small-cnn", "recalibrate")]
)
def test_a_landscape_belongs_to_the_step_at_which_it_was_asked_for(tmp_path: Path, model: str, statistics: str) -> None:
    run, loss = surveyed(tmp_path, model={"name": model}, method={"name": "m-rwp", "bn_statistics": statistics})
    (event,) = told(run, "landscape")
    assert (event.step, event.data["array"], run.records.status().step) == (3, "landscape-00000003", 10)
    with np.load(run.path / "arrays" / "landscape-00000003.npz") as surface:
        assert surface["loss"][2, 2] == pytest.approx(loss, rel=1e-5)


def test_a_landscape_has_statistics_of_its_own_weights(tmp_path: Path) -> None:
    """Not those of the last evaluation, which was at other weights."""
    method = {"name": "m-rwp", "bn_statistics": "recalibrate"}
    run = Run.create(tmp_path, read(merge(merge(CONFIG, SMALL), {"model": {"name": "small-cnn"}, "method": method})))
    with training(run) as made:
        made._probes.measure_at_once(EVALUATION)
        update(made, 6)
        made._probes.want("landscape")
        while made._probes.is_to_do:
            made._probes.go_on()
        loss = made._probes.measure_at_once(EVALUATION)["train_eval/loss"]
    with np.load(run.path / "arrays" / "landscape-00000006.npz") as surface:
        assert surface["loss"][2, 2] == pytest.approx(loss, rel=1e-5)


def test_a_trace_is_named_after_its_last_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.training.trainer.profiler.UPDATES", 2)
    run = Run.create(tmp_path, read(merge(CONFIG, SMALL)))
    with training(run) as made:
        update(made, 4)
        made._tracer.want()
        update(made, 3)
    (event,) = told(run, "trace")
    assert (event.step, event.data["file"]) == (6, "step-00000006.pt.trace.json.gz")


def test_a_landscape_at_the_end_that_was_cut_short_is_measured_when_the_run_goes_on(tmp_path: Path) -> None:
    at_end = {"landscape": {"resolution": 9, "images": 16, "at_end": True}, "spectrum": {"at_end": True, "images": 16}}
    run = Run.create(tmp_path, read(merge(merge(CONFIG, SMALL), at_end)))
    with training(run) as made:
        made._probes.want_at_end()
        while not told(run, "landscape"):
            made._probes.go_on()
            made.recorder.flush()
    assert [event.data["done"] for event in told(run, "landscape")] == [False]
    for _ in range(2):
        with training(run) as made:
            made._probes.want_at_end()
            while made._probes.is_to_do:
                made._probes.go_on()
        assert [event.data["done"] for event in told(run, "landscape")] == [False, False, True]
        assert [event.data["done"] for event in told(run, "spectrum")] == [True]


def test_what_is_measured_every_so_many_epochs_is_measured_once_each_and_at_the_end(launch: Launch) -> None:
    quick = {"landscape": {"at_end": False}, "flatness": {"images": 64, "draws": 2}, "spectrum": {"images": 64, "iterations": 2}}
    runtime = {"streams": "sequential"}  # which would be chosen by time
    config = merge(SHORT, {**quick, "data": {"train_size": 256}, "schedule": {"epochs": 7}, "runtime": runtime})
    run = launch(merge(config, {"flatness": {"every": 3}, "spectrum": {"at_end": True}}))
    wait(run, is_finished)
    assert [event.step for event in told(run, "flatness")] == [12, 24, 28]  # four steps an epoch
    assert [event.step for event in told(run, "spectrum")] == [28]
    plain = launch(config)
    wait(plain, is_finished)
    assert torch.equal(weights_at_end(run), weights_at_end(plain))
    assert told(plain, "flatness") == []


def test_a_sharpness_is_recorded_at_the_step_and_kept_with_its_iterations(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read(merge(merge(CONFIG, SMALL), {"spectrum": {"images": 64, "tolerance": 0.05}})))
    with training(run) as made:
        update(made, 3)
        seconds = made.recorder.status.seconds
        made._probes.want("spectrum")
        made._probes.go_on()
        update(made, 2)
        while made._probes.is_to_do:
            made._probes.go_on()
    (event,) = told(run, "spectrum")
    (point,) = (metric for metric in run.records.metrics() if metric.name == "sharpness/lambda_1")
    with np.load(run.path / "arrays" / f"{event.data['array']}.npz") as kept:
        assert (event.step, point.step, point.seconds, point.value) == (3, 3, seconds, kept["lambda_1"][-1])
        assert kept["residual"][-1] < 0.05
        assert len(kept["residual"]) == event.data["iterations"]
