"""Several engines at once on one folder, and a reader that does not let go: one writes, and it does not wait."""

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import fmean, median
from typing import Any

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.runs.run import Run
from tests.faults.forms import counts
from tests.faults.test_killed_engine import CONFIG
from tests.faults.warm import Warm
from tests.processes import is_running, wait

ENDLESS = merge(CONFIG, {"schedule": {"epochs": 10_000}, "runtime": {"checkpoint_every": 10}})
SLOW = merge(ENDLESS, {"model": {"name": "small-cnn"}, "data": {"train_size": None}, "schedule": {"batch_size": 16}})
RIVALS = 3


@counts(2, 100, minutes=60)
def test_races(warm: Warm, tmp_path: Path, figure: Any, count: int) -> None:
    run = Run.create(tmp_path, read(ENDLESS))
    for _ in range(count):
        rivals = [warm.start(run) for _ in range(RIVALS)]
        wait(run, lambda status, rivals=rivals: status.pid in rivals and status.state == "running")
        winner = run.status().pid
        assert [warm.wait(pid) for pid in rivals if pid != winner] == [2] * (RIVALS - 1)
        step = run.status().step
        assert wait(run, lambda status, step=step: status.step > step).pid == winner
        warm.kill(winner)
    assert (run.path / "engine.log").read_text().count("is already being trained") == count * (RIVALS - 1)
    assert [event.kind for event in run.records.events()].count("started") == count
    steps = [metric.step for metric in run.records.metrics() if metric.name == "train/lr"]
    assert steps == list(range(1, len(steps) + 1))
    figure(f"{count} races of {RIVALS} engines, each with one winner")


@contextmanager
def a_reader(run: Run) -> Iterator[None]:
    """Somebody who holds the database as it is now, and sees no more of it, while the engine writes on."""
    with closing(sqlite3.connect(f"{(run.path / 'run.db').as_uri()}?mode=ro", uri=True, isolation_level=None)) as database:
        database.execute("BEGIN")
        held = database.execute("SELECT count(*) FROM metric").fetchone()
        yield
        assert database.execute("SELECT count(*) FROM metric").fetchone() == held
        assert len(run.records.metrics()) > held[0]


def with_recording(run: Run, seconds: float) -> float:
    """What a step takes with all that is written of it, relative to the same without: a second each, averaged.

    A reader can get in the way of the writing alone, and the rest differs by percents from minute to minute.
    """
    told, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(1)
        told.append(run.status().profile["recording"])
    return 1 / (1 - fmean(told))


@counts(1, 4, minutes=30)
def test_a_reader_that_holds_the_database(warm: Warm, tmp_path: Path, figure: Any, count: int) -> None:
    run = Run.create(tmp_path, read(SLOW))
    engine = warm.start(run)
    wait(run, is_running)
    seconds, ratios = 3 if count == 1 else 60, []
    for _ in range(count):
        alone = with_recording(run, seconds)
        with a_reader(run):
            ratios.append(with_recording(run, seconds) / alone)
            log = (run.path / "run.db-wal").stat().st_size / 2**20
    os.kill(engine, signal.SIGTERM)
    assert warm.wait(engine) == 130
    steps = [metric.step for metric in run.records.metrics() if metric.name == "train/lr"]
    assert steps == list(range(1, run.status().step + 1))
    figure(f"{count} times {seconds} s held and {seconds} s not, in turn: with what is written of it a step took")
    figure(f"{median(ratios):.4f} of the time without a reader ({min(ratios):.4f} to {max(ratios):.4f})")
    figure(f"the log of the database grew to {log:.1f} MiB")
