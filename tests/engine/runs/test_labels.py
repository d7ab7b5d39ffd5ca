"""Labels: kept beside the configuration, checked, and never in the way of the training."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refused
from engine.experiment.schema import Experiment
from engine.runs.labels import FILE, Labels, labels, relabel
from engine.runs.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, Experiment())


def test_a_run_has_no_labels_until_somebody_gives_it_some(run: Run) -> None:
    assert labels(run) == Labels()
    before = (run.path / "config.json").read_bytes()
    relabel(run, {"name": " The best one ", "note": "a\nb\tc <b>", "tags": ["σ", " λ = ½ ", "σ"], "star": True})
    assert labels(run).model_dump() == {"name": "The best one", "note": "a\nb\tc <b>", "tags": ["σ", "λ = ½"], "star": True}
    assert (run.path / "config.json").read_bytes() == before


def test_what_is_not_changed_stays(run: Run) -> None:
    relabel(run, {"name": "one", "tags": ["a"]})
    relabel(run, {"star": True})
    assert labels(run) == Labels(name="one", tags=["a"], star=True)
    relabel(run, {"name": "", "tags": []})
    assert labels(run) == Labels(star=True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "x" * 121}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\x1b[31mb"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": 3}, "name"),
        ({"note": "x" * 4001}, "note"),
        ({"note": "a\0b"}, "note"),
        ({"tags": "a, b"}, "tags"),
        ({"tags": ["a,b"]}, "tags.0"),
        ({"tags": ["ok", " "]}, "tags.1"),
        ({"tags": ["x" * 41]}, "tags.0"),
        ({"tags": ["a\u2028b"]}, "tags"),
        ({"tags": [str(i) for i in range(21)]}, "tags"),
        ({"star": "yes"}, "star"),
        ({"colour": "red"}, "colour"),
    ],
    ids=ascii,
)
def test_what_is_no_label_is_refused_with_field_and_cure(run: Run, changes: dict[str, Any], field: str) -> None:
    relabel(run, {"name": "before"})
    with pytest.raises(Refused) as refused:
        relabel(run, changes)
    (problem,) = refused.value.problems
    assert problem.field == field
    assert problem.cure
    assert labels(run) == Labels(name="before")


def test_a_damaged_file_hides_the_labels_and_not_the_run(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    for content in (b"", b"{", b"[]", b'{"name": 3}', b"\xff"):
        (run.path / FILE).write_bytes(content)
        assert labels(run) == Labels()
        assert str(run.path / FILE) in caplog.text
        caplog.clear()
    assert relabel(run, {"star": True}) == labels(run) == Labels(star=True)


def test_two_who_change_different_labels_at_once_both_have_their_way(run: Run) -> None:
    changes = [{"name": "n"}, {"note": "o"}, {"tags": ["t"]}, {"star": True}] * 5
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda change: relabel(run, change), changes))
    assert labels(run) == Labels(name="n", note="o", tags=["t"], star=True)
    assert [path.name for path in run.path.glob(f".{FILE}*")] == []


def test_a_run_is_labelled_while_an_engine_holds_it(run: Run) -> None:
    with run.lock():
        assert relabel(run, {"star": True}).star
