"""The engine as a process: what it writes, obeys, survives and refuses."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from engine.errors import Refused
from engine.experiment.overrides import merge
from engine.runs.export import export
from tests.processes import LONG, SHORT, Launch, ended, is_finished, is_running, killed_run, round_trip, wait, weights_at_end

pytestmark = pytest.mark.slow  # every test starts processes


def test_a_run_leaves_its_records(launch: Launch) -> None:
    run = launch(merge(SHORT, {"method": {"name": "m-arwp"}}))
    status = wait(run, ended)
    assert (status.state, status.step, status.epoch) == ("finished", 66, 3)
    assert (status.gradient_evaluations, status.samples) == (132, 132 * 64)
    exported = export(run)
    steps = list(range(1, 67))
    for tag in ("loss", "perturbed_loss", "accuracy", "lr", "sigma", "perturbation_radius", "gradient_cosine", "gradient_norm"):
        assert [step for step, _ in exported["metrics"][f"train/{tag}"]] == steps
    for tag in ("test/loss", "test/accuracy", "train_eval/loss", "train_eval/accuracy"):
        assert [step for step, _ in exported["metrics"][tag]] == [22, 44, 66]
    assert exported["summary"]["test/best_accuracy"] > 0.5
    with np.load(run.path / "arrays" / "landscape-00000066.npz") as surface:
        assert surface["loss"].shape == (9, 9)
        assert np.isfinite(surface["loss"]).all()
    events = EventAccumulator(str(run.path / "tb")).Reload()
    written = [event.value for event in events.Scalars("train/loss")]
    assert written == pytest.approx([value for _, value in exported["metrics"]["train/loss"]])
    bests = [event.value for event in events.Scalars("test/best_accuracy")]
    assert bests == pytest.approx(np.maximum.accumulate([value for _, value in exported["metrics"]["test/accuracy"]]))
    assert "_hparams_/session_start_info" in events.SummaryMetadata.__self__.summary_metadata
    assert (run.path / "env.json").exists()


def test_pause_resume_and_stop(launch: Launch) -> None:
    run = launch(LONG)
    wait(run, is_running)
    run.commands.send("pause")
    step = wait(run, lambda status: status.state == "paused").step
    assert round_trip(run).step == step
    run.commands.send("resume")
    wait(run, lambda status: status.state == "running" and status.step > step)
    run.commands.send("stop")
    status = wait(run, ended)
    assert status.state == "stopped"
    assert (run.path / "checkpoints" / f"step-{status.step:08d}.pt").exists()
    kinds = [event.kind for event in run.records.events()]
    assert [kind for kind in kinds if kind in ("paused", "resumed", "stopped")] == ["paused", "resumed", "stopped"]


def test_sigterm_stops_in_good_order(launch: Launch) -> None:
    run = launch(LONG)
    os.kill(wait(run, is_running).pid, signal.SIGTERM)
    status = wait(run, ended)
    assert status.state == "stopped"
    assert (run.path / "checkpoints" / f"step-{status.step:08d}.pt").exists()


def test_a_landscape_on_demand_does_not_stop_the_training(launch: Launch) -> None:
    run = launch(LONG)
    wait(run, is_running)
    run.commands.send("landscape")
    status = wait(run, lambda _: any(event.kind == "landscape" and event.data["done"] for event in run.records.events()))
    events = [event for event in run.records.events() if event.kind == "landscape"]
    assert [event.data["points"] for event in events] == [5, 9]
    assert events[0].step == events[-1].step < status.step


@pytest.mark.parametrize(("method", "streams"), [("sgd", "sequential"), ("m-arwp", "sequential"), ("m-arwp", "parallel")])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(launch: Launch, method: str, streams: str) -> None:
    config = merge(SHORT, {"method": {"name": method}, "schedule": {"epochs": 8}, "model": {"name": "small-cnn"}})
    config = merge(config, {"runtime": {"streams": streams}})
    run = killed_run(launch, config)
    wait(launch(config, run), is_finished)
    undisturbed = launch(config)
    wait(undisturbed, is_finished)
    assert torch.equal(weights_at_end(run), weights_at_end(undisturbed))
    for tag, points in export(undisturbed)["metrics"].items():
        assert export(run)["metrics"][tag] == points, tag


def test_a_damaged_checkpoint_is_passed_over(launch: Launch) -> None:
    run = killed_run(launch, merge(SHORT, {"schedule": {"epochs": 40}}))
    newest = max((run.path / "checkpoints").glob("*.pt"))
    newest.write_bytes(newest.read_bytes()[:1000])
    wait(launch({}, run), is_finished)
    assert [event.data["file"] for event in run.records.events() if event.kind == "damaged checkpoint"] == [newest.name]


def test_a_diverging_run_stops_before_the_update_and_keeps_its_checkpoint(launch: Launch) -> None:
    run = launch(
        merge(SHORT, {"optimizer": {"name": "sgd", "lr": 10.0, "weight_decay": 1.0}, "method": {"name": "rwp", "sigma": 0.2}})
    )
    status = wait(run, ended)
    assert status.state == "diverged"
    assert "learning rate" in status.message
    assert torch.isfinite(weights_at_end(run)).all()


def test_two_engines_never_share_a_run(launch: Launch) -> None:
    run = launch(LONG)
    pid = wait(run, is_running).pid
    with pytest.raises(Refused, match="is already being trained"):
        launch(LONG, run)
    by_hand = subprocess.run([sys.executable, "-m", "engine", run.path], capture_output=True, text=True, check=False)
    assert by_hand.returncode == 2
    assert "is already being trained" in by_hand.stderr
    assert (run.status().state, run.status().pid) == ("running", pid)


def test_what_cannot_be_trained_is_told_with_field_and_cure(launch: Launch) -> None:
    run = launch(merge(SHORT, {"data": {"name": "cifar10", "download": False}}))
    status = wait(run, ended)
    assert (status.state, status.field) == ("failed", "data.name")
    assert "cifar-10-python.tar.gz" in status.message
