"""What benchmarks compare is run in processes of their own, in turn."""

import json
import os
import time
from collections.abc import Callable
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest

from benchmarks.demo import Task, train
from benchmarks.isolated import between
from benchmarks.timing import in_turn, seconds_of
from engine.machine import ENGINE_ENVIRONMENT


def writes(path: Path) -> Callable[[], object]:
    """Tells of its surroundings at first, and of the time whenever it is run."""
    path.write_text(json.dumps({"pid": os.getpid(), "environment": dict(os.environ)}))

    def tells() -> None:
        with path.with_suffix(".times").open("a") as file:
            file.write(f"{time.monotonic()}\n")
        time.sleep(0.01)

    return tells


def test_ours_is_started_as_an_engine_is_and_the_others_as_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "7")
    paths = {name: tmp_path / name for name in ("ours", "other")}
    taken = between({"ours": partial(writes, paths["ours"])}, {"other": partial(writes, paths["other"])}, rounds=2)
    assert {name: len(seconds) for name, seconds in taken.items()} == {"ours": 2, "other": 2}

    told = {name: json.loads(path.read_text()) for name, path in paths.items()}
    assert len({os.getpid(), *(one["pid"] for one in told.values())}) == 3
    surroundings = {name: {key: one["environment"].get(key) for key in ENGINE_ENVIRONMENT} for name, one in told.items()}
    assert surroundings == {"ours": ENGINE_ENVIRONMENT, "other": dict.fromkeys(ENGINE_ENVIRONMENT)}

    times = [(float(line), name) for name, path in paths.items() for line in path.with_suffix(".times").read_text().split()]
    assert [name for name, _ in groupby(name for _, name in sorted(times))] == ["ours", "other"] * 3
    assert len(times) > 6  # what is short is done more than once in a turn


def test_a_round_before_the_first_is_not_counted() -> None:
    answers = {"a": iter([9.0, 1.0, 2.0]), "b": iter([9.0, 3.0, 4.0])}
    assert in_turn({name: partial(next, answer) for name, answer in answers.items()}, 2) == {"a": [1.0, 2.0], "b": [3.0, 4.0]}


@pytest.mark.parametrize(("at_least", "times"), [(0, 1), (1, 1), (1.5, 2), (2.5, 3)])
def test_what_is_short_is_done_until_the_turn_is_over(monkeypatch: pytest.MonkeyPatch, at_least: float, times: int) -> None:
    clock = [0.0]
    monkeypatch.setattr("benchmarks.timing.time.perf_counter", lambda: clock[0])

    def run() -> None:
        clock[0] += 1

    assert seconds_of(run, at_least) == 1
    assert clock == [times]


def test_the_demonstration_is_evaluated_where_it_stands_even_if_it_diverges() -> None:
    learned = train(Task("m-rwp", "sigma=0.05", ("schedule.epochs=2",)), 0)
    diverged = train(Task("m-rwp", "sigma=0.05", ("schedule.epochs=2", "optimizer.lr=10.0")), 0)
    assert learned.test > 0.6 > 0.3 > diverged.test
