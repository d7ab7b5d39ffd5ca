"""kill -9 of the studio, alone and together with the engine, and a machine that begins anew."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.launch.queue import Queue
from engine.runs.run import Run
from engine.runs.writer import Writer
from tests.faults.forms import counts
from tests.processes import LONG, is_running, kill, pace, wait
from tests.studios import Studio

WATCHED = 1.0
"""Seconds over which the pace of an engine is taken."""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    yield studio
    if studio.process:
        studio.end(signal.SIGKILL)
    studio.clear()


def started(studio: Studio) -> Run:
    """A run that the studio has started."""
    studio.runs.mkdir()
    run = Run.create(studio.runs, read(merge(LONG, {"landscape": {"at_end": False}})))
    Queue(studio.runs).add(run)
    studio.start()
    wait(run, is_running)
    return run


def first_message(studio: Studio, run: Run) -> dict[str, Any]:
    """What a browser tab that comes back is told first."""
    with urllib.request.urlopen(f"{studio.url}/api/runs/{run.id}/stream", timeout=120) as stream:
        line = next(line for line in stream if line.startswith(b"data: "))
    return dict(json.loads(line.removeprefix(b"data: ")))


@pytest.fixture
def new_boot(tmp_path: Path) -> list[str]:
    """A command that runs another on a machine that seems to have been started anew; empty where that is not possible."""
    (tmp_path / "boot_id").write_text("00000000-0000-4000-8000-000000000000\n")
    mount = f"mount --bind {tmp_path / 'boot_id'} /proc/sys/kernel/random/boot_id"
    within = ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "-"]
    return within if subprocess.run([*within, "true"], capture_output=True, check=False).returncode == 0 else []


def give_pid_to(stranger: int, run: Run) -> None:
    """Let the records say that the engine had the pid of a process that lives: numbers begin anew with the machine."""
    writer = Writer(run.path / "run.db")
    writer.flush(run.records.status().model_copy(update={"pid": stranger}))
    writer.close()


def killed_and_attached_again(studio: Studio, run: Run, count: int, figure: Any) -> None:
    """Kill the studio so often; its engine does not notice, and a new one has the run as it is."""
    engine, alone, watched, opened, attached = run.status().pid, [], [], [], []
    for _ in range(count):
        studio.end(signal.SIGKILL)
        step = run.status().step
        alone.append(pace(run, WATCHED))
        began = time.monotonic()
        studio.start()
        opened.append(time.monotonic() - began)
        status = first_message(studio, run)["status"]
        attached.append(time.monotonic() - began)
        assert (status["state"], run.status().pid) == ("running", engine)
        assert status["step"] > step
        watched.append(pace(run, WATCHED))
    assert [event.kind for event in run.records.events()].count("started") == 1
    figure(f"{count} kills: the engine's pace without a studio was {median(alone) / median(watched):.3f} of that with one")
    figure(f"the page was there {median(opened):.1f} s after a start (at most {max(opened):.1f} s)")
    figure(f"the run was attached {median(attached):.1f} s after a start (at most {max(attached):.1f} s)")


def both_killed_and_begun_anew(studio: Studio, run: Run, new_boot: list[str], figure: Any) -> None:
    """Kill engine and studio; a studio after a new start of the machine tells that the run was interrupted, and resumes it."""
    kill(run)
    studio.end(signal.SIGKILL)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        give_pid_to(stranger.pid, run)
        began = time.monotonic()
        studio.start(*new_boot)
        status = first_message(studio, run)["status"]
        figure(f"interrupted is told {time.monotonic() - began:.1f} s after the start, boot id changed: {bool(new_boot)}")
        assert status["state"] == "interrupted"
        request = urllib.request.Request(f"{studio.url}/api/runs/{run.id}/resume", b"{}", method="POST")
        urllib.request.urlopen(request).close()
        wait(run, lambda now: now.state == "running" and now.step > status["step"])
        stranger.communicate(b"\n")
    assert stranger.returncode == 0


def test_an_engine_that_has_not_told_its_pid_is_ended_and_nobody_else(studio: Studio) -> None:
    run = Run.create(studio.runs, read(LONG))
    waits = [sys.executable, "-c", "input()"]
    with (
        subprocess.Popen(waits, stdin=subprocess.PIPE, cwd=run.path) as engine,
        subprocess.Popen(waits, stdin=subprocess.PIPE) as stranger,
    ):
        assert run.status().pid == 0
        studio.clear()
        assert engine.wait(120) == -signal.SIGKILL
        stranger.communicate(b"\n")
    assert stranger.returncode == 0


@counts(1, 50)
def test_killed_studios(studio: Studio, new_boot: list[str], figure: Any, count: int) -> None:
    run = started(studio)
    killed_and_attached_again(studio, run, count, figure)
    both_killed_and_begun_anew(studio, run, new_boot, figure)
