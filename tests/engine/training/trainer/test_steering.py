"""Steering a running engine: live changes, single steps, slow motion, and what is done on request."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.runs.export import export
from engine.runs.lineage import replay
from engine.runs.reader import Event
from engine.runs.run import Run
from tests.processes import LONG, SHORT, Launch, ended, is_finished, is_running, kill, round_trip, wait, weights_at_end

pytestmark = pytest.mark.slow  # every test starts processes


def answer(run: Run, asked: str) -> Event:
    """The last event that answers a command."""
    wait(run, lambda _: any(event.data.get("id") == asked for event in run.records.events()), 20)
    return [event for event in run.records.events() if event.data.get("id") == asked][-1]


def test_a_change_is_answered_and_applied_and_the_configuration_stays(launch: Launch) -> None:
    run = launch(merge(LONG, {"method": {"name": "m-rwp", "sigma": 0.01}}))
    wait(run, is_running)
    before = run.experiment
    asked = run.commands.send("set", changes={"method.sigma": 0.05, "optimizer.lr": 0.02})
    assert answer(run, asked).data["asked"] == "set"
    told = [event for event in run.records.events() if event.kind == "changed"]
    assert [(event.data["path"], event.data["old"], event.data["new"]) for event in told] == [
        ("method.sigma", 0.01, 0.05),
        ("optimizer.lr", 0.1, 0.02),
    ]
    at = told[0].step
    wait(run, lambda status: status.step > at + 3)
    run.commands.send("stop")
    wait(run, ended)
    sigma = dict(export(run)["metrics"]["train/sigma"])
    assert (sigma[at], sigma[at + 1]) == (0.01, 0.05)
    assert run.experiment == before
    assert run.present.method.model_dump()["sigma"] == 0.05
    assert run.commands.pending() == []


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        ("set", {"changes": {"method.sigma": 0.05, "optimizer.lr": -1}}, "optimizer.lr"),
        ("set", {"changes": {"seed": 3}}, "seed"),
        ("set", {"changes": 7}, "changes"),
        ("set", {}, "changes"),
        ("pace", {"per_second": 0}, "per_second"),
        ("pace", {"per_second": "fast"}, "per_second"),
        ("explode", {}, "kind"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused_and_the_run_unharmed(launch: Launch, kind: str, data: dict[str, Any], field: str) -> None:
    run = launch(LONG)
    wait(run, is_running)
    refused = answer(run, run.commands.send(kind, **data))
    assert (refused.kind, refused.data["field"]) == ("refused", field)
    assert refused.data["what"]
    wait(run, lambda status: status.state == "running" and status.step > refused.step)
    assert not [event for event in run.records.events() if event.kind == "changed"]


def changed_and_killed(launch: Launch, config: dict[str, Any], runs: Path) -> Run:
    """A run that is changed in its first and in its second epoch, and killed in the second."""
    run = Run.create(runs, read(config))
    launch({}, run)
    run.commands.send("pace", per_second=15)  # it is there before the first step: an engine takes longer to load its data
    wait(run, lambda status: status.step > 3)
    answer(run, run.commands.send("set", changes={"method.sigma": 0.1, "optimizer.lr": 0.05}))
    wait(run, lambda status: status.step > 22)
    changed = answer(run, run.commands.send("set", changes={"method.lambda": 0.9, "data.label_smoothing": 0.2}))
    wait(run, lambda status: status.step > changed.step)
    kill(run)
    wait(run, ended)
    return run


@pytest.mark.slow
def test_a_changed_run_that_is_killed_and_its_replay_agree_to_the_bit(launch: Launch, tmp_path: Path) -> None:
    config = merge(SHORT, {"method": {"name": "m-arwp"}, "model": {"name": "small-cnn"}, "landscape": {"at_end": False}})
    run = changed_and_killed(launch, config, tmp_path)
    log = run.records.changes()
    assert len(log) == 4
    wait(launch({}, run), is_finished)
    assert run.records.changes() == log
    again = launch({}, replay(run))
    wait(again, is_finished)
    assert torch.equal(weights_at_end(run), weights_at_end(again))
    assert export(again)["metrics"]["train/loss"] == export(run)["metrics"]["train/loss"]
    plain = launch(config)
    wait(plain, is_finished)
    assert not torch.equal(weights_at_end(run), weights_at_end(plain))


@pytest.mark.slow
def test_a_change_made_before_a_logged_one_of_the_same_field_replaces_it(launch: Launch, tmp_path: Path) -> None:
    run = changed_and_killed(launch, merge(SHORT, {"method": {"name": "m-arwp"}, "landscape": {"at_end": False}}), tmp_path)
    *_, lambda_, smoothing = run.records.changes()
    run.commands.send("set", changes={"method.lambda": 0.2})
    wait(launch({}, run), is_finished)
    log = run.records.changes()
    assert lambda_ not in log
    assert smoothing in log
    assert run.present.method.model_dump()["lambda"] == 0.2
    again = launch({}, replay(run))
    wait(again, is_finished)
    assert torch.equal(weights_at_end(run), weights_at_end(again))


def test_single_steps_while_paused(launch: Launch) -> None:
    run = launch(LONG)
    wait(run, is_running)
    run.commands.send("pause")
    step = wait(run, lambda status: status.state == "paused").step
    for wanted in (step + 1, step + 2):
        run.commands.send("step")
        assert wait(run, lambda status, wanted=wanted: status.step == wanted).state == "paused"
    assert round_trip(run).step == step + 2


def test_a_step_that_can_be_looked_at_is_taken_apart(launch: Launch) -> None:
    run = launch(LONG)
    assert wait(run, lambda status: status.step > 3).anatomy is None
    run.commands.send("pause")
    step = wait(run, lambda status: status.state == "paused").step
    run.commands.send("step")
    anatomy = wait(run, lambda status: status.step == step + 1).anatomy
    assert anatomy is not None
    assert (anatomy.step, len(anatomy.gradients)) == (step + 1, 2)
    run.commands.send("step", until=step + 40)
    taken = wait(run, lambda status: status.step == step + 40).anatomy
    assert taken is not None
    assert taken.step == step + 40, "the last of them, after which it waits"
    run.commands.send("resume")
    passed = wait(run, lambda status: status.step > step + 60)
    assert passed.anatomy is not None
    assert passed.anatomy.step <= step + 41


def test_steps_until_so_many_are_taken_and_no_more(launch: Launch) -> None:
    run = launch(LONG)
    wait(run, is_running)
    run.commands.send("step", until=0)
    step = wait(run, lambda status: status.state == "paused").step
    for wanted in (step + 30, step + 31, step + 200):
        run.commands.send("step", until=wanted)
        wait(run, lambda status, wanted=wanted: status.state == "paused" and status.step == wanted)
    assert round_trip(run).step == step + 200
    run.commands.send("step", until=10**6)
    assert wait(run, lambda status: status.step > step + 210).state == "running"
    run.commands.send("pause")
    wait(run, lambda status: status.state == "paused")
    run.commands.send("resume")
    wait(run, is_running)


def test_slow_motion_makes_so_many_updates_a_second_and_ends(launch: Launch) -> None:
    run = launch(LONG)
    wait(run, is_running)
    began = answer(run, run.commands.send("pace", per_second=10))
    assert wait(run, lambda status: status.step > began.step + 4).pace == 10
    ended_at = answer(run, run.commands.send("pace", per_second=None))
    assert ended_at.step - began.step <= 10 * (ended_at.time - began.time) + 2
    assert ended_at.step > began.step
    wait(run, lambda status: status.pace is None and status.step > ended_at.step + 20)


def test_checkpoint_evaluation_and_landscape_on_request_while_paused(launch: Launch) -> None:
    run = launch(LONG)
    wait(run, is_running)
    run.commands.send("pause")
    step = wait(run, lambda status: status.state == "paused").step
    for kind in ("checkpoint", "evaluate", "landscape"):
        answer(run, run.commands.send(kind))
    assert (run.path / "checkpoints" / f"step-{step:08d}.pt").exists()
    wait(run, lambda _: any(event.kind == "landscape" and event.data["done"] for event in run.records.events()))
    assert dict(export(run)["metrics"]["test/accuracy"])[step] > 0
    assert (run.status().state, run.status().step) == ("paused", step)


@pytest.mark.slow
def test_a_finished_run_is_extended_and_its_replay_agrees(launch: Launch) -> None:
    config = merge(SHORT, {"landscape": {"at_end": False}, "schedule": {"epochs": 2}})
    run = launch(config)
    wait(run, is_finished)
    run.commands.send("set", changes={"schedule.epochs": 4})
    status = wait(launch({}, run), lambda status: status.state == "finished" and status.step > 44)
    assert (status.step, status.steps, status.epochs) == (88, 88, 4)
    assert [step for step, _ in export(run)["metrics"]["test/loss"]] == [22, 44, 66, 88]
    again = launch({}, replay(run))
    wait(again, is_finished)
    assert torch.equal(weights_at_end(run), weights_at_end(again))


def test_a_landscape_of_a_finished_run(launch: Launch) -> None:
    run = launch(merge(SHORT, {"landscape": {"at_end": False}, "schedule": {"epochs": 1}}))
    wait(run, is_finished)
    run.commands.send("landscape")
    wait(launch({}, run), lambda status: status.state == "finished" and (run.path / "arrays" / "landscape-00000022.npz").exists())
    assert len(export(run)["metrics"]["train/loss"]) == 22


@pytest.mark.slow
def test_a_command_whose_answer_was_safe_is_not_obeyed_twice(launch: Launch) -> None:
    run = launch(merge(SHORT, {"landscape": {"at_end": False}}))
    wait(run, is_running)
    asked = run.commands.send("set", changes={"optimizer.lr": 0.05})
    changed = answer(run, asked)
    (run.path / "commands" / f"{asked}.json").write_text('{"kind": "set", "changes": {"optimizer.lr": 0.05}}')
    kill(run)
    wait(run, ended)
    wait(launch({}, run), is_finished)
    assert [one.step for one in run.records.changes()] == [changed.step]
    assert run.commands.pending() == []
