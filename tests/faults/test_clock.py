"""A clock that jumps by a day and runs backwards: nobody is taken for dead, and time goes on."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from engine.experiment.schema import read
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from tests.engine.runs.test_lineage import CONFIG, training

DAY = 86_400.0
JUMPS = [0.0, DAY, -DAY, -2 * DAY, 30 * DAY, 0.0, -1.0, -3600.0]
"""Seconds by which the clock is off, one after another."""


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let every clock that shows a date be off by so many seconds."""
    true, true_ns = time.time, time.time_ns

    def put(off: float) -> None:
        monkeypatch.setattr(time, "time", lambda: true() + off)
        monkeypatch.setattr(time, "time_ns", lambda: true_ns() + int(off * 1e9))

    return put


def test_a_training_does_not_mind_the_clock(tmp_path: Path, set_clock: Callable[[float], None]) -> None:
    run = Run.create(tmp_path, read(CONFIG))
    with training(run) as made:
        update, states = made.learner.take_step, []

        def train() -> dict[str, float]:
            set_clock(JUMPS[made.learner.step % len(JUMPS)])
            made.recorder.flush()
            states.append(run.status().state)
            return update()

        made.learner.take_step = train
        made.run_to_end()
    assert states == ["running"] * 16
    rows = [metric for metric in run.records.metrics() if metric.name == "train/lr"]
    assert [row.step for row in rows] == list(range(1, 17))
    assert all(before.seconds < after.seconds < 60 for before, after in pairwise(rows))
    steps = [event.step for event in run.records.events()]
    assert steps == sorted(steps)


def test_commands_stay_in_order_when_the_clock_runs_backwards(tmp_path: Path, set_clock: Callable[[float], None]) -> None:
    run, kinds = Run.create(tmp_path, read(CONFIG)), []
    for off in JUMPS:
        set_clock(off)
        kinds.append(f"kind {off}")
        run.commands.send(kinds[-1])
    assert [command["kind"] for command in run.commands.pending()] == kinds


def test_whether_an_engine_lives_is_no_matter_of_time(tmp_path: Path, set_clock: Callable[[float], None]) -> None:
    run = Run.create(tmp_path, read(CONFIG))
    writer = Writer(run.path / "run.db")
    writer.flush(Status(state="running"))
    writer.close()
    for off in JUMPS:
        set_clock(off)
        with run.lock():
            assert run.status().state == "running"
        assert run.status().state == "interrupted"
