"""Races: who trains what, from which seeds; and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refused
from engine.experiment.race import FOLDER, Race, read_race

TWO = [{"method.name": "sgd"}, {"method.name": "m-rwp", "method.sigma": 0.12}]


def test_every_contestant_has_every_seed() -> None:
    made = Race(contestants=TWO, seeds=[4, 7]).rounds()
    assert [[(one.seed, one.method.name) for one in found] for found in made] == [
        [(4, "sgd"), (4, "m-rwp")],
        [(7, "sgd"), (7, "m-rwp")],
    ]
    alike = {one.group.model_copy(update={"method": made[0][0].method}).model_dump_json() for found in made for one in found}
    assert len(alike) == 1


def test_contestants_differ_in_what_is_said_of_them_alone() -> None:
    config = {"data": {"label_noise": 0.4}, "runtime": {"threads": 2}}
    ((sgd, mixed),) = Race(config=config, contestants=TWO, seeds=1).rounds()
    assert (sgd.data.label_noise, sgd.runtime.threads, sgd.runtime.streams) == (0.4, 2, "sequential")
    assert mixed.method.model_dump()["sigma"] == 0.12
    assert mixed.model_copy(update={"method": sgd.method}) == sgd


def test_a_recipe_is_where_they_start() -> None:
    first = Race(recipe="lab/mixing/lambda-0.5", contestants=TWO, seeds=1).rounds()[0][0]
    assert first.data.label_noise > 0


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_ready_made_races_are_races(path: Path) -> None:
    assert len(read_race(path.stem).rounds()) >= 6  # with fewer no difference can be significant


@pytest.mark.parametrize(
    ("race", "said"),
    [
        ({}, "contestants"),
        ({"contestants": []}, "contestants"),
        ({"contestants": TWO, "seeds": 0}, "seeds"),
        ({"contestants": TWO, "seeds": [1, 1]}, "a seed stands there twice"),
        ({"contestants": TWO, "seeds": [-1]}, "seeds"),
        ({"contestants": TWO, "title": "a,b"}, "title"),
        ({"contestants": TWO, "recipe": "no such"}, "there is no recipe 'no such'"),
        ({"contestants": [*TWO, {"method.name": "sgd"}]}, "contestants.2: is the same as another one"),
        ({"contestants": [{"method.name": "sgd", "method.rho": 1}]}, "contestants.0: method.rho"),
        ({"contestants": [{"method.name": "sad"}]}, "contestants.0: method.name"),
        ({"contestants": TWO, "config": {"modle": {}}}, "contestants.0: modle"),
        ({"contestants": TWO, "laps": 3}, "laps"),
        ({"contestants": TWO, "turns": 0}, "turns"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, race: dict[str, Any], said: str) -> None:
    (tmp_path / "race.json").write_text(json.dumps(race))
    with pytest.raises(Refused, match=said.replace("'", ".")) as refused:
        read_race(str(tmp_path / "race.json")).rounds()
    assert all(problem.field for problem in refused.value.problems)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Refused, match=r"nowhere\.json"):
        read_race("nowhere.json")
