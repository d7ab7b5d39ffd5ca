"""Keeping runs in order on the command line."""

import json
from pathlib import Path

import pytest

from engine.experiment.schema import Experiment
from engine.runs.labels import Labels, labels
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.trash import Trash
from engine.runs.writer import Writer
from studio.__main__ import main

Say = pytest.CaptureFixture[str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    run = Run.create(Path("runs"), Experiment())
    writer = Writer(run.path / "run.db")
    writer.flush(Status(state="finished", step=3, steps=3))
    writer.close()
    return run


def test_labels_are_changed_one_by_one_and_listed(run: Run, capsys: Say) -> None:
    assert main(["label", run.id, "--name", "Best", "--tags", "a, σ b,", "--star"]) == 0
    assert json.loads(capsys.readouterr().out) == {"name": "Best", "note": "", "tags": ["a", "σ b"], "star": True}
    assert main(["label", run.id, "--note", "x", "--no-star"]) == 0
    assert labels(run) == Labels(name="Best", note="x", tags=["a", "σ b"])
    main(["label", run.id, "--star", "--tags", "one"])
    capsys.readouterr()
    main(["list"])
    assert capsys.readouterr().out.split() == [run.id, "finished", "3/3", "★", "Best", "#one"]
    main(["list", "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert row["labels"] == {"name": "Best", "note": "x", "tags": ["one"], "star": True}


def test_a_label_that_cannot_be_is_one_line_and_exit_code_2(run: Run, capsys: Say) -> None:
    assert main(["label", run.id, "--name", "x" * 121]) == 2
    told = capsys.readouterr().err
    assert told.startswith("rwp-studio: name: ")
    assert "Give at most 120" in told
    assert len(told.splitlines()) == 1


def test_a_run_goes_out_and_comes_in(run: Run, capsys: Say) -> None:
    assert main(["export", run.id, "x.zip"]) == 0
    assert capsys.readouterr().out == "x.zip\n"
    assert main(["export", run.id, "x.zip"]) == 2
    assert "there is such a file already" in capsys.readouterr().err
    assert main(["export", run.id, "y.zip", "--checkpoints", "best"]) == 2
    assert main(["import", "x.zip", "--runs", "other"]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert (folder.parent.name, folder.name) == ("other", run.id)
    assert Run(folder).status().state == "finished"
    assert main(["import", "none.zip"]) == 2
    Path("bad.zip").write_bytes(b"x")
    assert main(["import", "bad.zip"]) == 2
    assert "archive: is damaged" in capsys.readouterr().err
    assert sorted(path.name for path in Path().iterdir()) == ["bad.zip", "other", "runs", "x.zip"]


def test_without_a_file_what_was_recorded_is_printed(run: Run, capsys: Say) -> None:
    assert main(["export", run.id]) == 0
    assert json.loads(capsys.readouterr().out)["status"]["step"] == 3


def test_a_run_is_deleted_had_back_and_lost(run: Run, capsys: Say) -> None:
    assert main(["delete", run.id]) == 0
    assert Run.all(Path("runs")) == []
    assert main(["trash"]) == 0
    assert run.id in capsys.readouterr().out
    assert main(["trash", "--restore", run.id]) == 0
    assert [there.id for there in Run.all(Path("runs"))] == [run.id]
    with run.lock():
        assert main(["delete", run.id]) == 2
    assert "Stop it first" in capsys.readouterr().err
    main(["delete", run.id])
    assert main(["trash", "--empty"]) == 0
    assert "MB freed" in capsys.readouterr().out
    assert Trash(Path("runs")).runs() == []
