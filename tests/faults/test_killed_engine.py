"""kill -9 of an engine at random instants, also while it writes a checkpoint: it goes on as if nothing had happened."""

import random
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.experiment.schema import UNIONS, read
from engine.runs.export import export
from engine.runs.run import Run
from tests.faults.forms import counts
from tests.faults.warm import Warm
from tests.processes import ended, wait, weights_at_end

LONGEST_LIFE = 0.4
"""Seconds."""
CONFIG = {
    "data": {"train_size": 256, "test_size": 64},
    "model": {"name": "mlp"},
    "schedule": {"epochs": 15, "batch_size": 64},
    "averaging": {"kind": "ema"},
    "landscape": {"at_end": False},
    "runtime": {"threads": 1, "streams": "sequential"},
}


def writes_a_checkpoint(run: Run) -> bool:
    """Whether a checkpoint, or its digest, is half written."""
    return any((run.path / "checkpoints").glob(".*"))


def kill_at_random(warm: Warm, run: Run, pid: int, draws: random.Random) -> None:
    """Kill an engine after a random time; one in two times at the next moment at which a checkpoint is half written."""
    end = time.monotonic() + draws.uniform(0, LONGEST_LIFE)
    while time.monotonic() < end and warm.is_alive(pid):
        time.sleep(0.001)
    if draws.random() < 0.5:
        while not writes_a_checkpoint(run) and warm.is_alive(pid):
            pass
    warm.kill(pid)


def disturbed(warm: Warm, run: Run, draws: random.Random) -> tuple[int, int]:
    """Train `run` to its end, killing its engines again and again; how many were killed, and how many amid a checkpoint."""
    killed = amid = 0
    while run.status().state != "finished":
        kill_at_random(warm, run, warm.start(run), draws)
        state = wait(run, ended).state  # not at once: a process that it was about to start may hold the lock till it begins
        if state != "finished":
            assert state in ("interrupted", "stopped")
            killed, amid = killed + 1, amid + writes_a_checkpoint(run)
    return killed, amid


def assert_the_same(run: Run, undisturbed: Run) -> None:
    """Bitwise equal weights, and the same curves: no gap, nothing twice."""
    assert torch.equal(weights_at_end(run), weights_at_end(undisturbed))
    assert export(run)["metrics"] == export(undisturbed)["metrics"]
    steps = [metric.step for metric in run.records.metrics() if metric.name == "train/lr"]
    assert steps == list(range(1, run.status().steps + 1))


@counts(1, 20)
@pytest.mark.parametrize("method", UNIONS["method"])
def test_killed_engines(warm: Warm, tmp_path: Path, figure: Any, method: str, count: int) -> None:
    draws, experiment = random.Random(f"{method} {count}"), read({**CONFIG, "method": {"name": method}})
    undisturbed = Run.create(tmp_path, experiment)
    assert warm.wait(warm.start(undisturbed)) == 0
    killed = amid = 0
    while killed < count:
        run = Run.create(tmp_path, experiment)
        now_killed, now_amid = disturbed(warm, run, draws)
        killed, amid = killed + now_killed, amid + now_amid
        assert_the_same(run, undisturbed)
    figure(f"{killed} engines killed, {amid} of them amid a checkpoint; all went on to bitwise equal weights")
