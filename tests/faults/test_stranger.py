"""A record that names a process that is not the engine, because its number was given away again: it is left alone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient

from engine.experiment.schema import Experiment
from engine.launch import engine_process
from engine.launch.actions import ACTIONS
from engine.runs.run import Run
from engine.runs.status import ACTIVE, Status
from engine.runs.writer import Writer
from studio.web.autostart import AutoStart
from tests.faults.test_damage import pages

WATCHFUL = """
import signal
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, lambda number, frame: print(number, flush=True))
print("ready", flush=True)
input()
"""


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[str]"]:
    """A process that prints every signal it gets."""
    with subprocess.Popen([sys.executable, "-c", WATCHFUL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_a_stranger_gets_no_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stranger: "subprocess.Popen[str]", state: str
) -> None:
    monkeypatch.setattr(engine_process, "start", lambda *_: None)
    run = Run.create(tmp_path / "runs", Experiment())
    writer = Writer(run.path / "run.db")
    begun = psutil.Process(stranger.pid).create_time()
    writer.flush(Status.model_validate({"state": state, "pid": stranger.pid, "pid_started": begun}))
    writer.close()
    with run.lock():
        asked = ask_everything(run)
    assert asked >= {"stop"}
    assert ask_everything(run) >= {"resume"}
    out, _ = stranger.communicate("\n")
    assert (out, stranger.returncode) == ("", 0)


def ask_everything(run: Run) -> set[str]:
    """Ask all that a person can ask of a run, and see to the queue; returns what was possible."""
    client = TestClient(pages(run.path.parent))
    possible = {action for action in ACTIONS if client.post(f"/api/runs/{run.id}/{action}").status_code == 200}
    AutoStart(run.path.parent, run.path.parent, auto_resume=True).look()
    return possible
