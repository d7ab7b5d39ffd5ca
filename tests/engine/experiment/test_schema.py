"""The schema: complete, documented, and clear about what it refuses."""

import json
import subprocess
import sys
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from engine.catalogue import DATASETS, MODELS
from engine.errors import Refused
from engine.experiment.overrides import merge, override
from engine.experiment.schema import UNIONS, Experiment, differences, members, read


def sections() -> list[type[BaseModel]]:
    """Experiment and everything below it."""
    found: list[type[BaseModel]] = [Experiment]
    for field in Experiment.model_fields.values():
        kinds = get_args(field.annotation) or (field.annotation,)
        found += [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return found


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_section_and_field_is_documented(section: type[BaseModel]) -> None:
    assert section.__doc__
    for name, field in section.model_fields.items():
        assert name == "name" or field.description, f"{section.__name__}.{name} has no docstring"


def test_every_row_of_the_catalogue_can_be_chosen() -> None:
    assert members("data").keys() == DATASETS.keys()
    assert members("model").keys() == MODELS.keys()


@pytest.mark.parametrize("name", UNIONS["method"])
def test_json_round_trip(name: str) -> None:
    experiment = read({"method": {"name": name}})
    assert read(json.loads(experiment.model_dump_json())) == experiment


def test_json_says_lambda() -> None:
    text = read({"method": {"name": "m-rwp", "lambda": 0.25}}).model_dump_json()
    assert '"lambda":0.25' in text
    assert "lambda_" not in json.dumps(Experiment.model_json_schema())


REFUSED: list[tuple[Any, str, str]] = [
    ({"method": {"name": "rwp", "sigma": 3}}, "method.sigma", "less than or equal to 0.2"),
    ({"method": {"name": "rwp", "sigma": -1}}, "method.sigma", "greater than or equal to 0"),
    ({"method": {"name": "rwp", "sigma": "0.1"}}, "method.sigma", "number"),
    ({"method": {"name": "rwp", "sigma": float("nan")}}, "method.sigma", "finite"),
    ({"method": {"name": "rwp", "sigma": float("inf")}}, "method.sigma", "finite"),
    ({"method": {"name": "sgd", "sigma": 0.1}}, "method.sigma", "not a field here"),
    ({"method": {"name": "magic"}}, "method.name", "m-arwp"),
    ({"model": {"name": "magic"}}, "model.name", "small-cnn"),
    ({"data": {"name": "folder"}}, "data.path", "missing"),
    ({"schedule": {"epochs": 0}}, "schedule.epochs", "greater than or equal to 1"),
    ({"schedule": {"batch_size": 10**9}}, "schedule.batch_size", "65536"),
    ({"schedule": {"batch_size": True}}, "schedule.batch_size", "whole number"),
    ({"landscape": {"resolution": 10}}, "landscape.resolution", "odd"),
    ({"nonsense": 1}, "nonsense", "not a field here"),
    ({"seed": None}, "seed", "whole number"),
    ({"data": 3}, "data", "dictionary"),
    ([], "", "dictionary"),
]


@pytest.mark.parametrize(("config", "field", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_refusals_name_field_and_cure(config: Any, field: str, words: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(config)
    (problem,) = refusal.value.problems
    assert problem.field == field
    assert words in str(problem)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(Refused) as refusal:
        read({"seed": -1, "schedule": {"epochs": 0}})
    assert [problem.field for problem in refusal.value.problems] == ["seed", "schedule.epochs"]


def test_overrides_are_json_or_else_text() -> None:
    config = override(override(override({}, "method.name=m-arwp"), "method.lambda=0.3"), "data.train_size=null")
    assert config == {"method": {"name": "m-arwp", "lambda": 0.3}, "data": {"train_size": None}}
    with pytest.raises(Refused, match="field=value"):
        override({}, "method.sigma")


def test_an_override_keeps_what_it_does_not_name() -> None:
    assert merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 4}}) == {"a": {"b": 4, "c": 2}, "d": 3}


@pytest.mark.parametrize("name", UNIONS["method"])
def test_differences_rebuild_the_experiment(name: str) -> None:
    experiment = read({"seed": 4, "method": {"name": name}, "optimizer": {"name": "adam", "lr": 0.5}, "data": {"flip": True}})
    config: dict[str, Any] = {}
    for field, value in differences(experiment).items():
        config = override(config, f"{field}={json.dumps(value)}")
    assert read(config) == experiment
    assert len(differences(experiment)) <= 5


@pytest.mark.parametrize(
    "module",
    [
        "engine.experiment.schema",
        "engine.runs.run",
        "engine.launch.engine_process",
        "engine.experiment.validate",
        "engine.runs.reader",
    ],
)
def test_the_upper_half_of_the_engine_does_not_import_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit(bool({{'torch', 'gradio', 'plotly', 'studio'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
