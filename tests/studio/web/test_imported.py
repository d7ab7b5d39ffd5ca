"""What comes from elsewhere trains only when somebody here says so."""

from pathlib import Path

import pytest

from engine.errors import Refused
from engine.experiment.schema import Experiment
from engine.launch import actions, engine_process
from engine.runs.archive import pack, unpack
from engine.runs.run import Run
from engine.runs.trash import Trash
from studio.web.autostart import AutoStart
from tests.engine.runs.archive.conftest import agreed, contents, zipped
from tests.studio.script import Script


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs for which an engine would have been started."""
    started: list[str] = []
    monkeypatch.setattr(engine_process, "start", lambda run, *_: started.append(run.id) or run.leave_queue())
    return started


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A run that was at work when it was packed."""
    (tmp_path / "elsewhere").mkdir()
    script = Script(Run.create(tmp_path / "elsewhere", Experiment()))
    script.steps(1, 3)
    script.writer.close()
    return zipped(tmp_path / "run.zip", contents(b"".join(pack(script.run))))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


def look(runs: Path) -> None:
    """What a studio that is opened anew does by itself."""
    AutoStart(runs, runs, auto_resume=True).look()


def test_it_waits_for_somebody_and_is_then_as_any_other(archive: Path, runs: Path, begun: list[str]) -> None:
    run = unpack(archive, runs)
    assert run.status().state == "interrupted"
    look(runs)
    assert begun == []
    actions.ask(run, "resume", {})
    look(runs)
    assert begun == [run.id]
    assert run.status().state == "interrupted"  # as the engine that was never started leaves it
    look(runs)
    assert begun == [run.id] * 2


def test_it_waits_also_after_it_was_deleted_and_had_back(archive: Path, runs: Path, begun: list[str]) -> None:
    deleted = Trash(runs).put(unpack(archive, runs))
    run = Trash(runs).restore(deleted.id)
    look(runs)
    assert begun == []
    actions.ask(run, "extend", {"epochs": 40})
    look(runs)
    assert begun == [run.id]


def test_it_is_strange_again_elsewhere(archive: Path, runs: Path, begun: list[str], tmp_path: Path) -> None:
    run = unpack(archive, runs)
    actions.ask(run, "resume", {})
    run.leave_queue()
    handed_on = zipped(tmp_path / "again.zip", contents(b"".join(pack(run))))
    (tmp_path / "third").mkdir()
    unpack(handed_on, tmp_path / "third")
    look(tmp_path / "third")
    assert begun == []


@pytest.mark.parametrize("name", ["queued", "imported", "commands/1-resume.json", "queued/0", ".queued"])
def test_an_archive_brings_nothing_that_starts_it(archive: Path, runs: Path, tmp_path: Path, name: str) -> None:
    files = contents(archive.read_bytes())
    with pytest.raises(Refused, match="is no file of a run"):
        unpack(zipped(tmp_path / "odd.zip", agreed({**files, name: b'{"id": "1-resume", "kind": "resume"}'})), runs)
    assert Run.all(runs) == []
