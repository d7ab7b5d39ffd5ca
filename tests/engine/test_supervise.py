"""Starting an engine: whoever looks sees a run that is starting, for as long as its process lives and no longer."""

from pathlib import Path

import pytest

from engine import supervise
from engine.errors import Refused
from engine.experiment import Experiment
from engine.records import Status, Writer
from engine.run import Run


@pytest.fixture
def run(tmp_path: Path, silent_engines: None) -> Run:
    """A run whose engines never say a word."""
    return Run.create(tmp_path / "runs", Experiment())


def test_a_silent_engine_is_starting_as_long_as_it_lives(run: Run, tmp_path: Path) -> None:
    assert run.status().state == "stopped"
    engine = supervise.start(run, tmp_path)
    assert run.status().state == "starting"
    with pytest.raises(Refused, match="already being trained"):
        supervise.start(run, tmp_path)
    assert engine.poll() is None
    engine.kill()
    engine.wait(10)
    assert run.status().state == "interrupted"


def test_starting_again_keeps_what_is_known(run: Run, tmp_path: Path) -> None:
    writer = Writer(run.path / "run.db")
    writer.flush(Status(state="failed", message="no data", field="data.name", step=7, steps=9))
    writer.close()
    engine = supervise.start(run, tmp_path)
    status = run.status()
    engine.kill()
    engine.wait(10)
    assert (status.state, status.message, status.field, status.step, status.steps) == ("starting", "", "", 7, 9)
