"""TERM and Ctrl-C: a checkpoint and an end in good order; a second one ends the engine at once."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.runs.run import Run
from tests.faults.test_one_writer import ENDLESS
from tests.faults.warm import Warm
from tests.processes import is_running, wait

SLOW_UPDATES = merge(
    ENDLESS,
    {"model": {"name": "resnet18"}, "data": {"train_size": 1437, "test_size": 2}, "schedule": {"batch_size": 1437}},
)
"""A step takes seconds."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_signal_saves_and_ends(warm: Warm, tmp_path: Path, figure: Any, number: signal.Signals, state: str) -> None:
    run = Run.create(tmp_path, read(ENDLESS))
    engine = warm.start(run)
    wait(run, is_running)
    if state == "paused":
        run.commands.send("pause")
        wait(run, lambda status: status.state == "paused")
    began = time.monotonic()
    os.kill(engine, number)
    assert warm.wait(engine) == 130
    figure(f"ended after {time.monotonic() - began:.2f} s")
    status = run.status()
    assert status.state == "stopped"
    assert (run.path / "checkpoints" / f"step-{status.step:08d}.pt").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_wait_for_the_update(warm: Warm, tmp_path: Path, figure: Any, number: signal.Signals) -> None:
    run = Run.create(tmp_path, read(SLOW_UPDATES))
    engine = warm.start(run)
    wait(run, lambda _: (run.path / "checkpoints" / "step-00000000.pt").exists())
    time.sleep(0.2)
    os.kill(engine, number)
    time.sleep(0.2)
    began = time.monotonic()
    os.kill(engine, number)
    assert warm.wait(engine) == 128 + number
    figure(f"ended {time.monotonic() - began:.2f} s after the second signal")
    assert run.status().state == "interrupted"
