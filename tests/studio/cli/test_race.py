"""`rwp-studio race` as a person types it."""

import json
import re
from pathlib import Path

import pytest

from engine.runs.labels import labels
from engine.runs.run import Run
from studio.__main__ import main

RACE = {
    "title": "two against two",
    "config": {
        "data": {"train_size": 128, "test_size": 64},
        "model": {"name": "mlp"},
        "schedule": {"epochs": 2, "batch_size": 64},
        "landscape": {"at_end": False},
    },
    "seeds": [3, 5],
    "turns": 2,
    "contestants": [{"method.name": "sgd"}, {"method.name": "rwp", "method.sigma": 0.05}],
}


@pytest.mark.slow
def test_a_race_is_run_and_ranked_at_equal_costs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "race.json").write_text(json.dumps(RACE))
    assert main(["race", str(tmp_path / "race.json"), "--runs", str(tmp_path / "runs"), "--data", str(tmp_path / "data")]) == 0
    runs = Run.all(tmp_path / "runs")
    assert sorted((run.experiment.seed, run.experiment.method.name) for run in runs) == [
        (3, "rwp"),
        (3, "sgd"),
        (5, "rwp"),
        (5, "sgd"),
    ]
    assert {run.status().state for run in runs} == {"finished"}
    assert {tag for run in runs for tag in labels(run).tags} == {"two against two"}
    said = capsys.readouterr()
    assert said.out.count("rwp sigma=0.05") == said.out.count("  sgd ") == 4
    for cost in ("at the end", "after 4 steps", "after 4 gradient evaluations", "seconds"):
        assert cost in said.out
    assert "with 2 seeds no difference can be significant" in said.out
    for told in ("ahead at step [24] of seed 3", "ahead after 1 seed:", "ahead at step [24] of seed 5", "ahead after 2 seeds:"):
        assert re.search(told, said.err), "steps go on while it is told"


def test_a_faulty_race_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "race.json").write_text(json.dumps({**RACE, "contestants": [{"method.name": "sgd", "method.rho": 1}]}))
    assert main(["race", str(tmp_path / "race.json"), "--runs", str(tmp_path / "runs")]) == 2
    assert capsys.readouterr().err.startswith("rwp-studio: contestants.0: method.rho: ")
    assert not (tmp_path / "runs").exists()


def test_a_race_whose_title_is_no_tag_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "race.json").write_text(json.dumps({**RACE, "title": " "}))
    assert main(["race", str(tmp_path / "race.json"), "--runs", str(tmp_path / "runs")]) == 2
    assert "tags" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
