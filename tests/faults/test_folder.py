"""A run's folder that is made read-only or deleted under its engine, and what people are told of it."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine.experiment import merge, read
from engine.run import Run
from tests.faults.test_damage import pages
from tests.faults.test_one_writer import ENDLESS
from tests.faults.warm import Warm
from tests.processes import Launch, is_running, wait

PACED = merge(ENDLESS, {"runtime": {"checkpoint_every": 1}})


@pytest.fixture
def ordinary_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines for which write protection counts, also where the tests are run by root."""
    if os.getuid() == 0:
        powerless = tmp_path / "powerless"
        powerless.write_text(f'#!/bin/sh\nexec setpriv --bounding-set=-all --inh-caps=-all {sys.executable} "$@"\n')
        powerless.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(powerless))


def set_writable(folder: Path, writable: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o755 if path.is_dir() else 0o644) if writable else (0o555 if path.is_dir() else 0o444))


@pytest.mark.usefixtures("ordinary_engines")
def test_a_folder_that_is_made_read_only_pauses_its_engine_until_it_is_not(launch: Launch) -> None:
    run = launch(PACED)
    wait(run, lambda status: is_running(status) and status.step > 20)
    set_writable(run.path, False)
    status = wait(run, lambda status: status.field == "disk", 20)
    assert status.state == "paused"
    assert "write-protected" in status.message
    set_writable(run.path, True)
    wait(run, lambda now: now.state == "running" and now.step > status.step + 8, 20)
    run.ask("stop")
    assert launch.processes[-1].wait(20) == 130
    steps = [metric.step for metric in run.records.metrics() if metric.name == "train/lr"]
    assert steps == list(range(1, run.status().step + 1))


def test_a_folder_that_is_deleted_ends_its_engine_and_nothing_else(warm: Warm, tmp_path: Path) -> None:
    run, other = (Run.create(tmp_path, read(PACED)) for _ in range(2))
    engines = [warm.start(run), warm.start(other)]
    wait(run, is_running)
    wait(other, is_running)
    shutil.rmtree(run.path)
    assert warm.wait(engines[0]) == 1
    assert not run.path.exists()
    step = other.status().step
    wait(other, lambda status: status.state == "running" and status.step > step)
    os.kill(engines[1], signal.SIGTERM)
    assert warm.wait(engines[1]) == 130
    assert [row["id"] for row in TestClient(pages(tmp_path)).get("/api/runs").json()] == [other.id]


def test_what_cannot_be_left_in_a_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.create(tmp_path, read(PACED))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(run.path))

    monkeypatch.setattr("engine.run.write_atomically", refuse)
    with run.lock():
        answer = TestClient(pages(tmp_path)).post(f"/api/runs/{run.id}/set", json={"changes": {"optimizer.lr": 0.01}})
    assert answer.status_code == 400
    (problem,) = answer.json()["problems"]
    assert problem["field"] == "disk"
    assert "write-protected" in problem["what"]
    assert problem["cure"]
