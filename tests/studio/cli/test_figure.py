"""`rwp-studio figure`: what is drawn is what the runs have."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.experiment.schema import read
from engine.runs.arrays import save_arrays
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from studio.__main__ import main
from studio.figures import FIGURES
from studio.queries.listing import Listing

Captured = pytest.CaptureFixture[str]
AXIS = np.linspace(-1, 1, 3)
ARRAYS: dict[str, dict[str, Any]] = {
    "radius": {"radius": np.array([0.1, 1.0]), "ascent": np.array([2.0, 9.0]), "filter": np.array([[1.0, 2.0], [1.0, 4.0]])},
    "landscape": {"x": AXIS, "y": AXIS, "loss": 0.1 + AXIS[:, None] ** 2 + AXIS**2},
    "density": {"places": np.array([0.0, 2.0]), "density": np.array([0.5, 0.0])},
}


def made(folder: Path, seed: int, arrays: tuple[str, ...] = tuple(ARRAYS), **method: Any) -> Run:
    """A finished run of ten steps in two epochs, better with every seed and with more noise."""
    run = Run.create(folder, read({"seed": seed, "method": method}))
    writer = Writer(run.path / "run.db")
    better = 0.01 * seed + method.get("sigma", 0.0)
    for step in (5, 10):
        loss, accuracy = 1 / step + better, 0.5 + step / 100 + better
        writer.metrics(step, 1.0, {"train_eval/loss": loss, "train_eval/accuracy": accuracy + 0.1, "test/accuracy": accuracy})
    for kind in arrays:
        save_arrays(run.path / "arrays" / f"{kind}-00000010.npz", ARRAYS[kind])
        writer.event(10, kind, array=f"{kind}-00000010", done=True)
    writer.flush(Status(state="finished", step=10, steps=10, epochs=2, epochs_done=2.0, epoch=2))
    writer.close()
    return run


def refused(*arguments: str) -> bool:
    """Whether the command gives up."""
    try:
        return main(list(arguments)) != 0
    except SystemExit as end:
        return end.code != 0


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    for seed in (0, 1):
        made(folder, seed, name="m-rwp", sigma=0.1)
        made(folder, seed, name="m-rwp", sigma=0.05)
        made(folder, seed, name="sgd")
    return folder


def drawn(runs: Path, number: str) -> list[dict[str, Any]]:
    traces: list[dict[str, Any]] = FIGURES[number][1](Listing(runs).entries())["data"]
    return traces


def test_figure_1_has_the_ascent_and_the_mean_of_each_noise(runs: Path) -> None:
    traces = {trace["name"]: trace for trace in drawn(runs, "1")}
    assert len(traces) == 12
    ascent, noise = traces["sgd, seed 1: ascent"], traces["sgd, seed 1: filter"]
    assert (ascent["x"], ascent["y"], noise["y"]) == ([0.1, 1.0], [2.0, 9.0], [1.0, 3.0])
    assert noise["error_y"]["array"] == pytest.approx([0.0, 2**0.5])


def test_figure_2_has_the_mean_over_the_seeds_over_epochs(runs: Path) -> None:
    loss, accuracy = (one for one in drawn(runs, "2") if one["name"] == "sgd")
    assert loss["x"] == accuracy["x"] == [1.0, 2.0]
    assert loss["y"] == pytest.approx([0.205, 0.105])
    assert accuracy["y"] == pytest.approx([55.5, 60.5])
    assert accuracy["yaxis"] == "y2"


def test_figure_3_has_every_run_and_the_mean_for_each_sigma(runs: Path) -> None:
    places, over_sigma = (one for one in drawn(runs, "3") if one["name"] == "m-rwp")
    assert places["x"] == pytest.approx([0.15, 0.16, 0.2, 0.21])
    assert places["y"] == pytest.approx([10.0] * 4)
    assert places["text"] == ["σ = 0.05", "σ = 0.05", "σ = 0.1", "σ = 0.1"]
    assert over_sigma["x"] == [0.05, 0.1]
    assert over_sigma["y"] == pytest.approx([65.5, 70.5])
    assert over_sigma["error_y"]["array"] == pytest.approx([0.5**0.5] * 2)


def test_figure_4_has_a_panel_for_what_differs(runs: Path) -> None:
    (over_sigma,) = drawn(runs, "4")
    assert (over_sigma["name"], over_sigma["x"]) == ("m-rwp", [0.05, 0.1])
    made(runs, 0, name="m-rwp", sigma=0.1, **{"lambda": 0.9})
    assert {(one["xaxis"], tuple(one["x"])) for one in drawn(runs, "4")} == {("x", (0.05, 0.1)), ("x2", (0.5, 0.9))}


def test_figure_5_has_landscapes_on_one_scale_and_spectra_where_there_are(runs: Path) -> None:
    made(runs, 7, ("landscape",), name="sam")
    traces = drawn(runs, "5")
    surfaces = [one for one in traces if one["type"] == "surface"]
    assert (len(surfaces), len(traces)) == (7, 13)
    (scale,) = {(one["cmin"], one["cmax"]) for one in surfaces}
    assert scale == pytest.approx((-1.0, np.log10(2.1)))
    assert surfaces[0]["z"][1][1] == pytest.approx(-1.0)


@pytest.mark.parametrize("number", [*FIGURES])
def test_each_is_written_as_a_page_and_as_a_table(runs: Path, tmp_path: Path, number: str, capsys: Captured) -> None:
    page, table, arrays = (tmp_path / f"drawn.{ending}" for ending in ("html", "csv", "npz"))
    for file in (page, table, arrays):
        assert main(["figure", number, "--out", str(file), "--runs", str(runs)]) == 0
        assert capsys.readouterr().out == f"{file}\n"
    text = page.read_text()
    assert not re.search(r'<(script|link)[^>]+(src|href)="http', text), "it needs no network"
    assert json.dumps(f"(figure {number})")[1:-1] in text
    rows = list(csv.DictReader(table.read_text().splitlines()))
    counts = sum(len(one["x"]) * (len(one["y"]) if "z" in one else 1) for one in drawn(runs, number))
    assert len(rows) == counts
    with np.load(arrays, allow_pickle=False) as kept:
        assert len(kept) >= 2 * len(drawn(runs, number))
        first = drawn(runs, number)[0]
        assert kept[f"{first.get('scene') or first.get('xaxis', 'x')} {first['name']} x"].tolist() == first["x"]


def test_only_the_runs_that_are_named_are_drawn(runs: Path, tmp_path: Path) -> None:
    chosen = made(runs, 9, name="sam")
    assert main(["figure", "1", chosen.id, "--out", str(tmp_path / "one.csv"), "--runs", str(runs)]) == 0
    rows = csv.DictReader((tmp_path / "one.csv").read_text().splitlines())
    assert {row["curve"] for row in rows} == {"sam, seed 9: ascent", "sam, seed 9: filter"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["6"], "invalid choice: '6'"),
        (["1", "nobody"], "nobody"),
        (["1", "--out", "x.png"], "x.png: has an ending of which nothing is known. Use one of .html, .csv, .npz"),
    ],
)
def test_what_cannot_be_drawn_is_refused(runs: Path, arguments: list[str], words: str, capsys: Captured) -> None:
    assert refused("figure", *arguments, "--runs", str(runs))
    assert words in capsys.readouterr().err


def test_a_run_without_what_is_drawn_is_named_with_the_cure(tmp_path: Path, capsys: Captured) -> None:
    run = made(tmp_path, 0, (), name="sgd")
    for number, kind in (("1", "radius"), ("5", "landscape")):
        assert refused("figure", number, "--out", str(tmp_path / "x.html"), "--runs", str(tmp_path))
        told = capsys.readouterr().err
        assert f"{run.id}: has no {kind}" in told
        assert f"{kind}.at_end=true" in told
    assert refused("figure", "4", "--out", str(tmp_path / "x.html"), "--runs", str(tmp_path))
    assert "nothing to draw" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
