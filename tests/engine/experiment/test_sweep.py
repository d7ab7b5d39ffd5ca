"""What a sweep file may say, and which points come of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refused
from engine.experiment.sweep import FOLDER, Sweep, read_sweep
from engine.experiment.validate import check

GRID = {"config": {"method": {"name": "m-rwp"}}, "fields": {"method.sigma": [0.0, 0.1], "method.lambda": [0.5, 0.7, 1.0]}}


def test_a_grid_has_every_pair_once() -> None:
    sweep = Sweep.model_validate(GRID)
    points = sweep.grid()
    assert sweep.total == len(points) == 6
    assert {tuple(point.values()) for point in points} == {(s, m) for s in (0.0, 0.1) for m in (0.5, 0.7, 1.0)}
    method = sweep.experiment(points[-1]).method
    assert (method.name, method.sigma, method.lambda_) == ("m-rwp", 0.1, 1.0)  # type: ignore[union-attr]


def test_each_run_has_a_core_and_one_seed() -> None:
    experiment = Sweep.model_validate({**GRID, "config": {**GRID["config"], "seeds": 3}}).experiment({"method.sigma": 0.1})
    assert (experiment.runtime.threads, experiment.runtime.streams, experiment.seeds) == (1, "sequential", 1)


def test_ends_of_every_range_and_every_choice_are_looked_at() -> None:
    fields = {"method.sigma": {"low": 0.01, "high": 0.2}, "seed": [0, 1, 2]}
    sweep = Sweep.model_validate({**GRID, "fields": fields, "search": "tpe", "trials": 3})
    points = list(sweep.extremes())
    assert {point["seed"] for point in points} == {0, 1, 2}
    assert {point["method.sigma"] for point in points} == {0.01, 0.2}


def test_whole_numbers_stay_whole() -> None:
    fields = {"schedule.batch_size": {"low": 16, "high": 64}, "method.sigma": {"low": 0, "high": 1}}
    sweep = Sweep.model_validate({**GRID, "fields": fields, "search": "random", "trials": 3})
    assert (sweep.is_whole("schedule.batch_size"), sweep.is_whole("method.sigma")) == (True, False)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_ready_made_sweeps_are_sweeps(path: Path, tmp_path: Path) -> None:
    sweep = read_sweep(path.stem)
    for point in sweep.grid():
        check(sweep.experiment(point), tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fields": {}}, "fields"),
        ({"fields": {"method.sigma": []}}, "fields.method.sigma"),
        ({"fields": {"method.sigma": [0.1, 0.1]}}, "method.sigma has a value twice"),
        ({"fields": {"method.sigma": {"low": 0.2, "high": 0.2}}, "search": "tpe", "trials": 3}, "is empty: low is 0.2"),
        ({"fields": {"method.sigma": {"low": 0.0, "high": 1.0, "log": True}}, "search": "tpe", "trials": 3}, "no logarithm"),
        ({"fields": {"method.sigma": {"low": 0.1, "high": 1.0}}}, "a grid needs the values of method.sigma"),
        ({"search": "random"}, "give it a number of trials"),
        ({"trials": 3}, "a grid is trained whole"),
        ({"search": "bayes"}, "search"),
        ({"prune": "early"}, "prune"),
        ({"fields": {"seed": list(range(50)), "schedule.epochs": list(range(1, 50))}}, "a grid of 2,450 points is too much"),
        ({"title": "a, b"}, "title"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    file = tmp_path / "sweep.json"
    file.write_text(json.dumps({**GRID, **changes}))
    with pytest.raises(Refused) as refused:
        read_sweep(str(file))
    assert said in str(refused.value)


@pytest.mark.parametrize("path", ["method.rho", "method.sigmaa", "nonsense"])
def test_a_field_that_the_method_does_not_have_is_named(path: str) -> None:
    sweep = Sweep.model_validate({**GRID, "fields": {path: [0.1, 0.2]}})
    with pytest.raises(Refused) as refused:
        sweep.experiment(sweep.grid()[0])
    assert f"fields.{path}" in str(refused.value)
