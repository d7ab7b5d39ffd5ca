"""`rwp-studio report` as a person types it."""

import csv
from pathlib import Path

import pytest

from engine.experiment.schema import read
from engine.runs.labels import relabel
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from studio.__main__ import main


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for seed, method in ((0, "sgd"), (1, "sgd"), (0, "sam"), (1, "sam")):
        run = Run.create(tmp_path / "runs", read({"seed": seed, "method": {"name": method}}))
        relabel(run, {"tags": ["late sam" if method == "sam" else "plain"]})
        writer = Writer(run.path / "run.db")
        writer.metrics(3, 1.0, {"test/accuracy": 0.5 + seed / 10 + (method == "sam") / 5})
        writer.flush(Status(state="finished", step=3, steps=3))
        writer.close()
    return tmp_path / "runs"


def written(runs: Path, file: str, *arguments: str) -> str:
    assert main(["report", str(runs.parent / file), *arguments, "--runs", str(runs)]) == 0
    return (runs.parent / file).read_text()


def test_the_ending_says_what_is_written(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert written(runs, "all.html").startswith("<!doctype html>")
    assert capsys.readouterr().out == f"{runs.parent / 'all.html'}\n"
    rows = list(csv.DictReader(written(runs, "all.csv").splitlines()))
    assert [(row["group"], row["n"], row["mean"]) for row in rows] == [("sam", "2", "0.75"), ("sgd", "2", "0.55")]
    assert "**sam**" in written(runs, "all.md", "--at-equal", "seconds")
    assert r"\textbf{sam}" in written(runs, "all.tex")


def test_runs_are_chosen_by_tag_and_by_name(runs: Path) -> None:
    assert [row["group"] for row in csv.DictReader(written(runs, "tag.csv", "--tag", "late sam").splitlines())] == ["sam"]
    one = next(run for run in Run.all(runs) if run.experiment.method.name == "sgd")
    assert [row["n"] for row in csv.DictReader(written(runs, "one.csv", one.id).splitlines())] == ["1"]


def test_the_reference_is_the_group_of_a_run(runs: Path) -> None:
    sam = next(run for run in Run.all(runs) if run.experiment.method.name == "sam")
    rows = list(csv.DictReader(written(runs, "against.csv", "--reference", sam.id).splitlines()))
    assert rows[0]["difference"] == ""
    assert float(rows[1]["difference"]) == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("all.pdf",), "has an ending of which nothing is known. Use one of .html, .csv, .json, .md, .tex"),
        (("all.csv", "--tag", "none"), "there is no such run. There are the tags late sam, plain"),
        (("all.csv", "nobody"), "there is no run 'nobody'"),
        (("all.csv", "--reference", "nobody"), "there is no run 'nobody'"),
        (("nowhere/all.csv",), "No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    runs: Path, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, *others = arguments
    assert main(["report", str(runs.parent / file), *others, "--runs", str(runs)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (runs.parent / file).exists()
