"""`rwp-studio queue`: the runs that wait are shown, moved, started and taken out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.experiment.schema import Experiment
from engine.launch import engine_process
from engine.launch.queue import Queue
from engine.runs.run import Run
from studio.__main__ import main

Say = Callable[..., list[str]]


@pytest.fixture
def update_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """say(arguments): what the command prints, while no engine is started."""
    monkeypatch.setattr(engine_process, "start", lambda run, *_: run.leave_queue())

    def command(*arguments: str, code: int = 0) -> list[str]:
        assert main(["queue", *arguments, "--runs", str(tmp_path)]) == code
        return capsys.readouterr().out.split()

    return command


def test_the_queue_is_rearranged_by_command(update_status: Say, tmp_path: Path) -> None:
    first, second, third = runs = [Run.create(tmp_path, Experiment(seed=seed)) for seed in range(3)]
    Queue(tmp_path).add(*runs)
    assert update_status() == [first.id, second.id, third.id]
    assert update_status(third.id, "--to", "0") == [third.id, first.id, second.id]
    assert update_status(first.id, "--now") == [third.id, second.id]
    assert update_status(third.id, "--remove") == [second.id]
    for arguments in ([first.id, "--now"], [second.id], ["nobody", "--to", "0"], ["--at-once", "cpu=0"]):
        update_status(*arguments, code=2)
    update_status("--at-once", "cpu=2")
    assert Queue(tmp_path).at_once == {"cpu": 2}
