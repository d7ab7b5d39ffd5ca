"""Starting an engine: whoever looks sees a run that is starting, for as long as its process lives and no longer."""

from pathlib import Path

import psutil
import pytest

from engine.errors import Refused
from engine.experiment.schema import Experiment
from engine.launch import engine_process
from engine.machine import ENGINE_ENVIRONMENT
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer


@pytest.fixture
def run(tmp_path: Path, silent_engines: None) -> Run:
    """A run whose engines never say a word."""
    return Run.create(tmp_path / "runs", Experiment())


def test_a_silent_engine_is_starting_as_long_as_it_lives(run: Run, tmp_path: Path) -> None:
    assert run.status().state == "stopped"
    engine = engine_process.start(run, tmp_path)
    assert run.status().state == "starting"
    with pytest.raises(Refused, match="already being trained"):
        engine_process.start(run, tmp_path)
    assert engine.poll() is None
    engine.kill()
    engine.wait(120)
    assert run.status().state == "interrupted"


def test_starting_again_keeps_what_is_known(run: Run, tmp_path: Path) -> None:
    writer = Writer(run.path / "run.db")
    writer.flush(Status(state="failed", message="no data", field="data.name", step=7, steps=9))
    writer.close()
    engine = engine_process.start(run, tmp_path)
    status = run.status()
    engine.kill()
    engine.wait(120)
    assert (status.state, status.message, status.field, status.step, status.steps) == ("starting", "", "", 7, 9)


def test_an_engine_keeps_its_memory_unless_told_otherwise(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENGINE_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MALLOC_ARENA_MAX", "7")
    engine = engine_process.start(run, tmp_path)
    process = psutil.Process(engine.pid)
    while process.name() != "sleep" or not process.environ():  # nothing is told of one that is about to become another
        assert process.is_running()
    there = process.environ()
    engine.kill()
    engine.wait(120)
    assert {name: there[name] for name in ENGINE_ENVIRONMENT} == {**ENGINE_ENVIRONMENT, "MALLOC_ARENA_MAX": "7"}
