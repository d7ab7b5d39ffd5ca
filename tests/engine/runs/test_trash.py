"""The trash: deleting can be undone, and nothing is lost that nobody said should be."""

import shutil
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.experiment.schema import Experiment
from engine.launch.queue import Queue
from engine.runs.checkpoints import Checkpoint
from engine.runs.lineage import fork
from engine.runs.run import Run
from engine.runs.trash import Trash
from tests.engine.runs.test_lineage import trained, training


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path, Experiment())
    (run.path / "checkpoints" / "x").write_bytes(b"1" * 1000)
    return run


def content(run: Run) -> dict[str, bytes]:
    return {str(path.relative_to(run.path)): path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def test_a_deleted_run_is_out_of_sight_and_comes_back_whole(run: Run, tmp_path: Path) -> None:
    before, trash = content(run), Trash(tmp_path)
    trash.put(run)
    assert (Run.all(tmp_path), [gone.id for gone in trash.runs()]) == ([], [run.id])
    with pytest.raises(Refused, match="there is no run"):
        Run.open(tmp_path, run.id)
    assert trash.restore(run.id).id == run.id
    assert content(run) == before | {"lock": b""}
    assert trash.runs() == []


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    trash, long = Trash(tmp_path), "x" * 64
    for _ in range(3):
        made = Run.create(tmp_path, Experiment())
        trash.put(Run(made.path.rename(tmp_path / long)))
    names = {"x" * 64, "x" * 62 + "-2", "x" * 62 + "-3"}
    assert {gone.id for gone in trash.runs()} == names
    Run.create(tmp_path, Experiment()).path.rename(tmp_path / long)
    assert trash.restore(long).id == "x" * 62 + "-2"
    assert trash.restore("x" * 62 + "-2").id == "x" * 62 + "-3"
    assert len(Run.all(tmp_path)) == 3


def test_a_run_in_use_is_not_deleted(run: Run, tmp_path: Path) -> None:
    with run.lock(), pytest.raises(Refused, match=r"is being trained\. Stop it first"):
        Trash(tmp_path).put(run)
    Queue(tmp_path).add(run)
    with pytest.raises(Refused, match=r"waits in the queue\. Stop it first"):
        Trash(tmp_path).put(run)
    assert [there.id for there in Run.all(tmp_path)] == [run.id]


def test_emptying_removes_what_is_named_and_nothing_else(tmp_path: Path) -> None:
    trash, made = Trash(tmp_path), [Run.create(tmp_path, Experiment()) for _ in range(3)]
    for run in made[:2]:
        trash.put(run)
    with pytest.raises(Refused, match="there is no run"):
        trash.empty([made[0].id, made[2].id])
    with pytest.raises(Refused, match="there is no run"):
        trash.empty([made[0].id, "../" + made[2].id])
    assert len(trash.runs()) == 2
    (trash.folder / ".DS_Store").touch()  # as the Finder of a Mac does
    size = trash.runs()[0].bytes_used()
    assert trash.empty([made[0].id]) == pytest.approx(size, abs=8192)
    assert [gone.id for gone in trash.runs()] == [made[1].id]
    assert [there.id for there in Run.all(tmp_path)] == [made[2].id]


def test_what_was_half_removed_when_the_power_failed_goes_with_the_next(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash = Trash(tmp_path)
    trash.put(run)
    with monkeypatch.context() as broken:
        broken.setattr(shutil, "rmtree", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            trash.empty([run.id])
    assert trash.runs() == []
    assert list(trash.folder.iterdir())
    trash.empty([])
    assert not list(trash.folder.iterdir())


def test_forks_of_a_deleted_run_begin_and_go_on(tmp_path: Path) -> None:
    parent = trained(tmp_path, schedule={"epochs": 3})
    begun, fresh = fork(parent, 8, ["sgd", "rwp"])
    with training(begun) as half:
        half._save()
    Trash(tmp_path).put(parent)
    for run in (begun, fresh):
        with training(run) as again:
            again.run_to_end()
        assert Checkpoint.of(run.path / "checkpoints", 8).content()
