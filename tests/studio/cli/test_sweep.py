"""Sweeps from the command line: trained whole, gone on with after a kill, shared by two, and cut short."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.experiment.overrides import merge
from engine.experiment.sweep import Sweep
from engine.runs.labels import labels
from engine.runs.run import Run
from studio.__main__ import main
from studio.sweep.study import Study, storage
from tests.processes import wait

GRID: dict[str, Any] = {
    "title": "tiny",
    "config": {
        "model": {"name": "mlp"},
        "method": {"name": "m-rwp"},
        "data": {"train_size": 64},
        "schedule": {"epochs": 1, "batch_size": 32},
        "landscape": {"at_end": False},
    },
    "fields": {"method.sigma": [0.0, 0.01, 0.02], "method.lambda": [0.25, 0.5, 1.0]},
}
SMALL = {**GRID, "fields": {"method.sigma": [0.0, 0.1], "method.lambda": [0.5, 1.0]}}
LONG = merge(GRID["config"], {"schedule": {"epochs": 10_000}, "data": {"train_size": 1024}})
FOREVER = {**GRID, "config": LONG, "fields": {"method.sigma": [0.0, 0.1]}}


def written(folder: Path, sweep: dict[str, Any]) -> str:
    file = folder / "sweep.json"
    file.write_text(json.dumps(sweep))
    return str(file)


def command(folder: Path, sweep: dict[str, Any], *options: str) -> list[str]:
    return ["sweep", written(folder, sweep), "--runs", str(folder / "runs"), "--data", str(folder / "data"), *options]


ON_TWO_CORES = """
import os, sys
from studio.__main__ import main
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])  # with a core for every point all would be over at once
sys.exit(main(sys.argv[1:]))
"""
Begin = Callable[[list[str]], "subprocess.Popen[str]"]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """The command as a process of its own, which does not outlive the test."""
    with ExitStack() as begun:

        def begin(arguments: list[str]) -> "subprocess.Popen[str]":
            whole = [sys.executable, "-c", ON_TWO_CORES, *arguments]
            process = subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            begun.enter_context(process)
            begun.callback(process.kill)
            return process

        yield begin


def until(holds: Any, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def points(runs: Path) -> list[tuple[float, float]]:
    """σ and λ of every run, with the seed of none."""
    found = [run.experiment.method for run in Run.all(runs)]
    return sorted((method.sigma, method.lambda_) for method in found if method.name == "m-rwp")


@pytest.mark.slow
def test_a_grid_is_trained_whole_and_its_best_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(tmp_path, SMALL)) == 0
    told = capsys.readouterr()
    runs = Run.all(tmp_path / "runs")
    assert points(tmp_path / "runs") == [(0.0, 0.5), (0.0, 1.0), (0.1, 0.5), (0.1, 1.0)]
    assert {tag for run in runs for tag in labels(run).tags} == {"tiny"}
    rows = re.findall(r"^ +\d+ +([\d.]+) %  method.sigma=\S+  method.lambda=\S+  (\S+)$", told.out, re.MULTILINE)
    accuracies = {run.id: run.records.last("test/accuracy") for run in runs}
    assert sorted(accuracies) == sorted(name for _, name in rows)
    assert [float(value) for value, _ in rows] == sorted((float(value) for value, _ in rows), reverse=True)
    assert [float(value) for value, _ in rows] == [pytest.approx(100 * (accuracies[name] or 0), abs=0.006) for _, name in rows]
    assert main(command(tmp_path, SMALL)) == 0
    assert "4 of 4 trials have been trained" in capsys.readouterr().err
    assert len(Run.all(tmp_path / "runs")) == 4


@pytest.mark.slow
def test_a_grid_that_is_killed_half_way_goes_on_and_no_point_is_trained_twice(tmp_path: Path, begin: Begin) -> None:
    arguments, runs = command(tmp_path, GRID), tmp_path / "runs"
    process = begin(arguments)
    until(lambda: sum(run.status().state == "finished" for run in Run.all(runs)) >= 1)
    process.kill()
    process.communicate()
    assert len(Run.all(runs)) < 9
    assert main(arguments) == 0
    assert points(runs) == sorted((s, m) for s in GRID["fields"]["method.sigma"] for m in GRID["fields"]["method.lambda"])
    assert all(run.status().state == "finished" for run in Run.all(runs))


@pytest.mark.slow
def test_two_workers_train_every_point_once(tmp_path: Path, begin: Begin) -> None:
    arguments, runs = command(tmp_path, GRID), tmp_path / "runs"
    workers = [begin(arguments), begin([*arguments, "--worker"])]
    for worker in workers:
        _, said = worker.communicate(timeout=300)
        assert worker.returncode == 0, said
    assert points(runs) == sorted((s, m) for s in GRID["fields"]["method.sigma"] for m in GRID["fields"]["method.lambda"])


@pytest.mark.slow
def test_ctrl_c_stops_the_runs_with_which_it_goes_on(tmp_path: Path, begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    process, runs = begin(command(tmp_path, FOREVER)), tmp_path / "runs"
    until(lambda: runs.exists() and any(run.status().step > 5 for run in Run.all(runs)))
    assert main(command(tmp_path, FOREVER)) == 2
    assert "another process trains this sweep. Add --worker" in capsys.readouterr().err
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    begun = [run for run in Run.all(runs) if run.status().step]
    assert all(wait(run, lambda status: status.state == "stopped") for run in begun)
    again = begin(command(tmp_path, FOREVER))
    step = begun[0].status().step
    wait(begun[0], lambda status: status.state == "running" and status.step > step)
    assert len(Run.all(runs)) <= 2
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=120)


@pytest.mark.slow
def test_a_hopeless_run_is_stopped_and_told_as_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.cli.sweep.cores", lambda: 2)
    sweep = {**GRID, "config": merge(GRID["config"], {"schedule": {"epochs": 20, "batch_size": 32}}), "prune": "median"}
    sweep["fields"] = {"optimizer.lr": [0.1, 0.11, 0.12, 0.13, 0.14, 0.0001]}
    assert main(command(tmp_path, sweep)) == 0
    states = [trial.state.name for trial in Study(Sweep.model_validate(sweep), storage(tmp_path / "runs", "tiny")).trials]
    assert states == ["COMPLETE"] * 5 + ["PRUNED"]
    (stopped,) = [run for run in Run.all(tmp_path / "runs") if run.status().state == "stopped"]
    assert stopped.experiment.optimizer.lr == 0.0001


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"method.rho": [0.1, 0.2]}, "fields.method.rho"),
        ({"method.sigma": [0.1, 5.0]}, "fields.method.sigma: should be less than or equal to 0.2 (got 5"),
        ({"schedule.batch_size": [32, 9999]}, "batch"),
    ],
)
def test_a_faulty_sweep_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], fields: Any, said: str) -> None:
    assert main(command(tmp_path, {**GRID, "fields": fields})) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
