"""Engines that start and stop again and again, with processes that read pictures: nothing of them stays behind."""

import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from engine.experiment.schema import Experiment, read
from engine.launch import engine_process
from engine.runs.run import Run
from engine.runs.status import Status
from tests.faults.forms import counts
from tests.faults.warm import Warm
from tests.processes import wait

ENDS = ("kill -9", "a command", "TERM", "by itself")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Eight pictures of each of two classes."""
    draws = random.Random(0)
    for part in ("train", "val"):
        for name in ("bird", "cat"):
            (tmp_path / "pictures" / part / name).mkdir(parents=True)
            for number in range(8):
                colour = tuple(draws.randrange(256) for _ in range(3))
                Image.new("RGB", (40, 40), colour).save(tmp_path / "pictures" / part / name / f"{number}.png")
    return tmp_path / "pictures"


def experiment(pictures: Path, epochs: int, evaluate_every: int) -> Experiment:
    """Two processes read what is learned, and others, which end with it, what is evaluated."""
    return read(
        {
            "data": {"name": "imagenet", "path": str(pictures), "image_size": 32, "workers": 1},
            "model": {"name": "mlp"},
            "optimizer": {"lr": 1e-4},
            "schedule": {"epochs": epochs, "batch_size": 4},
            "runtime": {"threads": 1, "streams": "sequential", "evaluate_every": evaluate_every, "checkpoint_every": 1000},
            "landscape": {"at_end": False},
        }
    )


def session(engine: int) -> list[psutil.Process]:
    """The living processes that an engine has started, itself included; each engine has a session of its own."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == engine:
                found.append(process)
        except ProcessLookupError:
            continue
    return found


def end(warm: Warm, run: Run, engine: int, how: str) -> int:
    """Let an engine end; its exit code."""
    if how == "a command":
        run.commands.send("stop")
    elif how != "by itself":
        os.kill(engine, signal.SIGTERM if how == "TERM" else signal.SIGKILL)
    return warm.wait(engine)


@counts(1, 100, minutes=60)
def test_engines_with_processes_that_read(warm: Warm, pictures: Path, tmp_path: Path, figure: Any, count: int) -> None:
    most = 0
    for i in range(count):
        how = ENDS[i % len(ENDS)]
        run = Run.create(tmp_path / "runs", experiment(pictures, 1 if how == "by itself" else 10_000, evaluate_every=1000))
        engine = warm.start(run)
        wait(run, lambda status: status.step > 0)
        most = max(most, len(session(engine)))
        assert end(warm, run, engine, how) == {"by itself": 0, "kill -9": -signal.SIGKILL}.get(how, 130)
        assert not psutil.wait_procs(session(engine), timeout=120)[1]
    figure(f"{count} engines with up to {most} processes each, of which none was left")


def is_to_evaluate(run: Run, status: Status) -> bool:
    """Whether an evaluation is going on, for which processes read: a pause holds back steps alone."""
    is_wanted = run.experiment.runtime.evaluate_every == 1
    return is_wanted and status.step % (status.steps // status.epochs) == 0 and status.step not in run.records.accuracies()


def at_rest(run: Run, epoch: int) -> tuple[int, int]:
    """Pause in or after an epoch; how many files the engine then has open, and how many processes, of which none is a zombie."""
    wait(run, lambda status: status.epoch >= epoch)
    run.commands.send("pause")
    engine = psutil.Process(wait(run, lambda status: status.state == "paused" and not is_to_evaluate(run, status)).pid)
    wait(run, lambda _: all(child.status() != psutil.STATUS_ZOMBIE for child in engine.children(recursive=True)), 10)
    found = engine.num_fds(), len(engine.children(recursive=True))
    run.commands.send("resume")
    return found


@counts(2, 100)
def test_processes_that_read_for_an_evaluation(warm: Warm, pictures: Path, tmp_path: Path, figure: Any, count: int) -> None:
    run = Run.create(tmp_path / "runs", experiment(pictures, 10_000, evaluate_every=1))
    engine = warm.start(run)
    before = at_rest(run, 2)
    assert at_rest(run, 2 + count) == before
    warm.kill(engine)
    assert not psutil.wait_procs(session(engine), timeout=120)[1]
    figure(f"{count} evaluations: {before[0]} files open and {before[1]} processes, as at the beginning")


@counts(10, 100)
def test_whoever_starts_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Any, count: int) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")
    run, starter = Run.create(tmp_path / "runs", Experiment()), psutil.Process()
    engine_process.start(run, tmp_path).wait(120)
    before = starter.num_fds(), starter.children()
    for _ in range(count):
        engine_process.start(run, tmp_path).wait(120)
    assert (starter.num_fds(), starter.children()) == before
    figure(f"{count} engines started and ended: {before[0]} files open, as at the beginning")
