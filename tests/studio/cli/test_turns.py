"""Turns against engines that only tell where they are: none is a turn ahead, and a device does one thing at a time."""

from itertools import pairwise
from pathlib import Path

import pytest

from engine.experiment.schema import Experiment
from engine.runs.run import Run
from engine.runs.status import Status
from studio.cli import turns
from studio.cli.turns import Turns

STEPS, TURNS = 100, 4


class Engine:
    """Does what it is asked between two looks: one takes `speed` steps then."""

    def __init__(self, folder: Path, speed: int, device: str = "cuda:0") -> None:
        self.run = Run.create(folder, Experiment())
        self.status = Status(state="starting", device=device)
        self._speed, self._until = speed, STEPS

    def live(self) -> None:
        for command in self.run.commands.pending():
            self._until = command["until"] if command["kind"] == "step" else STEPS
            self.run.commands.remove(command)
        step = max(self.status.step, min(self._until, self.status.step + self._speed))
        state = "finished" if step == STEPS else "paused" if step >= self._until else "running"
        self.status = self.status.model_copy(update={"state": state, "step": step, "steps": STEPS})


def race(engines: list[Engine], monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[int], int]]:
    """Where each was after each look, and how many turns all had had."""
    by_id = {engine.run.id: engine for engine in engines}
    monkeypatch.setattr(Run, "status", lambda run: by_id[run.id].status)
    taking, seen = Turns([engine.run for engine in engines], TURNS), []
    while not all(engine.status.state == "finished" for engine in engines):
        had = taking.look()
        seen.append(([engine.status.step for engine in engines], had))
        assert len(seen) < 1000
        for engine in engines:
            engine.live()
    return [*seen, ([STEPS] * len(engines), taking.look())]


@pytest.mark.parametrize("speeds", [(5, 5, 5), (25, 1, 9), (1, 30, 100)])
def test_nobody_is_more_than_a_turn_ahead_and_one_goes_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speeds: tuple[int, ...]
) -> None:
    seen = race([Engine(tmp_path, speed) for speed in speeds], monkeypatch)
    for (before, _), (after, had) in pairwise(seen):
        assert sum(one != other for one, other in zip(before, after, strict=True)) <= 1
        assert had == min(step * TURNS // STEPS for step in after)
        assert max(after) - min(after) <= STEPS // TURNS
    assert seen[-1][1] == TURNS


def test_as_many_go_as_there_are_cores_and_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "cores", lambda: 2)
    seen = race([Engine(tmp_path, 5, "cpu") for _ in range(3)] + [Engine(tmp_path, 5, "cuda:1")], monkeypatch)
    moved = [[one != other for one, other in zip(before, after, strict=True)] for (before, _), (after, _) in pairwise(seen)]
    assert max(sum(one[:3]) for one in moved) == 2
    assert any(sum(one) == 3 for one in moved)


def test_one_that_ends_early_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines = [Engine(tmp_path, 5), Engine(tmp_path, 5)]
    live = engines[0].live

    def diverge() -> None:
        live()
        if engines[0].status.step >= 30:
            engines[0].status = engines[0].status.model_copy(update={"state": "finished"})

    monkeypatch.setattr(engines[0], "live", diverge)
    assert race(engines, monkeypatch)[-1][1] == TURNS
