"""`rwp-studio plane` as a person types it."""

from pathlib import Path

import numpy as np
import pytest

from engine.runs.run import Run
from studio.__main__ import main
from studio.figures.plane import plane
from tests.engine.runs.test_lineage import trained

Captured = pytest.CaptureFixture[str]
SMALL = ("--resolution", "5", "--images", "16")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        trained(folder, seed=seed, runtime={"keep_every": 2, "streams": "sequential"})
    return folder


def names(runs: Path) -> list[str]:
    return [run.id for run in Run.all(runs)]


def test_it_is_written_as_a_page_and_as_arrays(runs: Path, tmp_path: Path, capsys: Captured) -> None:
    newer, older = names(runs)
    chosen = [newer, older, f"{older}@8"]
    page, arrays = tmp_path / "plane.html", tmp_path / "plane.npz"
    for file in (page, arrays):
        assert main(["plane", *chosen, *SMALL, "--out", str(file), "--runs", str(runs), "--data", str(tmp_path)]) == 0
        assert capsys.readouterr().out == f"{file}\n"
    assert "100% of the scatter lies in this plane" in page.read_text()
    with np.load(arrays) as found:
        assert found["loss"].shape == (5, 5)
        assert found["places"].shape == (3, 2)
        assert found["steps"].tolist() == [16, 16, 8]
        assert len(found["middles"]) == 2


def test_each_run_is_marked_where_it_is(runs: Path) -> None:
    both = [Run.open(runs, name) for name in names(runs)]
    places = {"places": [[1.0, 0.0], [-1.0, 0.5]], "steps": [16, 8], "own": [0.5, 0.25], "middles": [1.5], "explained": 0.875}
    surface, first, second = plane({"x": [0], "y": [0], "loss": [[10.0]], **places}, both)["data"]
    assert surface["z"] == [[1.0]]
    assert (first["x"], first["y"], second["y"]) == ([1.0], [0.0], [0.5])
    assert second["name"].endswith("step 8: loss 0.25")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{0}"], "goes through 2 to 20 runs"),
        (["one", "{0}"], "one"),
        (["{0}", "{1}@x"], "has no step after the @"),
        (["{0}", "{1}@5"], "has no whole checkpoint of step 5. It has those of steps"),
        (["{0}", "{1}", "--out", "x.png"], "x.png: has an ending of which nothing is known"),
        (["{0}", "{1}", "--resolution", "4"], "resolution: should be from 5 to 201"),
        (["{0}", "{1}", "--images", "1"], "images: should be from 16 to 100000"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(runs: Path, tmp_path: Path, arguments: list[str], words: str, capsys: Captured) -> None:
    given = [one.format(*names(runs)) for one in arguments]
    assert main(["plane", *given, "--runs", str(runs), "--data", str(tmp_path)]) != 0
    assert words in capsys.readouterr().err


def test_an_engine_that_fails_is_told(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("studio.queries.plane.python", lambda _module: ["sh", "-c", "cat > /dev/null; echo broken >&2; exit 1"])
    assert main(["plane", *names(runs), "--runs", str(runs), "--out", str(tmp_path / "x.html")]) != 0
    assert "the engine failed: broken" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
