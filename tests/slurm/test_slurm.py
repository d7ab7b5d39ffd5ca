"""Runs as jobs of Slurm: they wait, train, are stopped, make way and come back, and are refused with a reason."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.launch import actions
from engine.launch.queue import Queue
from engine.runs.run import Run
from engine.runs.slurm import SlurmOptions, job_of, options_of, parse, write_options
from engine.runs.status import Status
from studio.__main__ import main
from tests.processes import LONG, SHORT, is_running, wait
from tests.slurm.conftest import Cluster

pytestmark = pytest.mark.slow
TINY = merge(SHORT, {"data": {"train_size": 64}, "schedule": {"epochs": 1}, "landscape": {"at_end": False}})


class Launcher:
    """Hands runs over to Slurm, and sees to them as an open studio does."""

    def __init__(self, folder: Path) -> None:
        self.runs, self.data = folder / "runs", folder / "data"

    def __call__(self, config: dict[str, Any]) -> Run:
        run = Run.create(self.runs, read(config))
        write_options(run.path, SlurmOptions())
        Queue(self.runs).add(run)
        self.see()
        return run

    def see(self) -> None:
        Queue(self.runs).advance(self.data)

    def wait(self, run: Run, until: Any) -> Status:
        def holds(status: Status) -> bool:
            self.see()
            return bool(until(status))

        return wait(run, holds)


@pytest.fixture
def launch(tmp_path: Path, cluster: Cluster) -> Launcher:
    return Launcher(tmp_path)


def options(folder: Path, asked: str = "") -> list[str]:
    return ["--launcher", "slurm", "--slurm", asked, "--runs", str(folder / "runs"), "--data", str(folder / "data")]


def test_runs_wait_train_and_are_stopped_in_jobs(cluster: Cluster, launch: Launcher, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = (launch(LONG) for _ in range(3))
    numbers = [job.id for run in (first, second, third) if (job := job_of(run.path))]
    assert len(numbers) == 3
    for run in (first, second):
        launch.wait(run, is_running)
    told = launch.wait(third, lambda status: "Resources" in status.message)
    assert (told.state, told.message) == ("queued", f"Slurm job {numbers[2]}: PENDING (Resources)")
    assert main(["queue", "--runs", str(launch.runs), "--data", str(launch.data)]) == 0
    assert capsys.readouterr().out == f"{third.id}  {told.message}\n"
    here = Run.create(launch.runs, read(TINY))
    Queue(launch.runs).add(here)
    assert launch.wait(here, lambda status: status.state == "finished").device == "cpu"  # what trains on nodes takes no room here

    actions.ask(third, "stop", {})
    launch.wait(third, lambda status: status.state == "stopped")
    actions.ask(first, "stop", {})
    assert launch.wait(first, lambda status: status.state == "stopped").step > 5
    launch.wait(first, lambda _: set(cluster.jobs()) == {numbers[1]})
    assert job_of(first.path) is job_of(third.path) is None
    actions.ask(first, "resume", {})
    assert launch.wait(first, is_running).step > 5
    assert len(cluster.jobs()) == 2


def test_a_job_whose_time_is_over_saves_and_goes_on_in_another_turn(cluster: Cluster, launch: Launcher) -> None:
    run = launch(LONG)
    launch.wait(run, is_running)
    number = next(iter(cluster.jobs()))
    cluster.ask("scancel", "--signal=USR2", number)
    seen = launch.wait(run, lambda status: status.state == "queued" and "PENDING" in status.message)
    assert f"Slurm job {number}: " in seen.message
    assert max((run.path / "checkpoints").glob("*.pt")).name == f"step-{seen.step:08}.pt"
    launch.wait(run, lambda status: status.state == "running" and status.step > seen.step)
    assert list(cluster.jobs()) == [number]
    assert [event.step for event in run.records.events() if event.kind == "started"] == [0, seen.step]


def test_a_job_that_must_make_way_saves_and_comes_back(cluster: Cluster, launch: Launcher) -> None:
    run = launch(LONG)
    launch.wait(run, is_running)
    others = cluster.take_all()
    saved = launch.wait(run, lambda status: status.state == "queued").step
    assert max((run.path / "checkpoints").glob("*.pt")).name == f"step-{saved:08}.pt"
    job = job_of(run.path)
    assert job
    launch.wait(run, lambda status: status.state == "queued" and "PENDING" in status.message)
    cluster.ask("scancel", *others)
    launch.wait(run, lambda status: status.state == "running" and status.step > saved)


def test_a_job_that_somebody_cancels_saves_and_ends(cluster: Cluster, launch: Launcher) -> None:
    run = launch(LONG)
    launch.wait(run, is_running)
    cluster.ask("scancel", "--me")
    stopped = launch.wait(run, lambda status: status.state == "stopped" and not job_of(run.path))
    assert max((run.path / "checkpoints").glob("*.pt")).name == f"step-{stopped.step:08}.pt"


def test_a_job_that_is_cancelled_while_it_waits_tells_so(cluster: Cluster, launch: Launcher) -> None:
    cluster.take_all()
    run = launch(LONG)
    job = job_of(run.path)
    assert job
    cluster.ask("scancel", job.id)
    ended = launch.wait(run, lambda status: status.state != "queued")
    assert (ended.state, ended.field) == ("failed", "slurm")
    assert f"Slurm job {job.id}: CANCELLED" in ended.message


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("partition=nowhere,time=2h", "slurm.partition"),
        ("partition=low,nodelist=three", "slurm.nodelist"),
        ("cpus_per_task=1,mem=900G", "slurm.mem"),
        ("gres=gpu:1,time=5", "slurm.gres"),
        ("constraint=a100", "slurm.constraint"),
        ("reservation=mine", "slurm.reservation"),
    ],
)
def test_what_slurm_refuses_is_quoted_with_the_option_that_caused_it(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: str, field: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TINY))
    assert main(["train", str(tmp_path / "config.json"), *options(tmp_path, asked)]) == 2
    assert re.match(rf"rwp-studio: {re.escape(field)}: Slurm says: .*([Ii]nvalid|not available)", capsys.readouterr().err)
    assert not (tmp_path / "runs").exists()


def test_a_race_and_a_sweep_are_trained_in_jobs(cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    race = {"title": "race", "config": TINY, "seeds": [1], "contestants": [{"method.name": "sgd"}, {"method.name": "rwp"}]}
    (tmp_path / "race.json").write_text(json.dumps(race))
    assert main(["race", str(tmp_path / "race.json"), *options(tmp_path, "time=5")]) == 0
    assert "at the end" in capsys.readouterr().out
    sweep = {"title": "sweep", "config": {**TINY, "method": {"name": "rwp"}}, "fields": {"method.sigma": [0.01, 0.02]}}
    (tmp_path / "sweep.json").write_text(json.dumps(sweep))
    assert main(["sweep", str(tmp_path / "sweep.json"), *options(tmp_path, "time=5")]) == 0
    runs = Run.all(tmp_path / "runs")
    assert [run.status().state for run in runs] == ["finished"] * 4
    assert all((run.path / "slurm").is_dir() for run in runs)
    assert [options_of(run.path) for run in runs] == [parse("time=5")] * 4
