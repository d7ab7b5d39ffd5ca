"""The form: every field has a control and a tooltip, and nothing is lost on the way to an experiment and back."""

import asyncio
import json
import shlex
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from engine.errors import Problem, Refused
from engine.experiment.overrides import override
from engine.experiment.recipes import find
from engine.experiment.schema import Experiment, differences, read
from studio.form import choices, fields, values
from studio.form.controls import control
from studio.form.layout import build
from studio.pages.setup import Setup, problems

ALTERNATIVES = [
    (section, name) for section in choices.sections() if choices.has_choice(section) for name in choices.alternatives(section)
]
KNOBS = [*fields.top_knobs(), *(knob for section in choices.sections() for knob in fields.knobs(section))]

PLAIN = values.to_values(Experiment())
"""The form with the defaults of the schema, which is not how it opens."""


def form_with(section: str, name: str) -> dict[str, Any]:
    """The form with one choice made, its knobs at their defaults."""
    return PLAIN | values.defaults(section, name) | {f"{section}.name": name, "data.path": "/tmp/images"}


@pytest.mark.parametrize(("section", "name"), ALTERNATIVES)
def test_round_trip(section: str, name: str) -> None:
    experiment = read(values.to_config(form_with(section, name)))
    assert getattr(experiment, section).name == name
    again = read(values.to_config(values.to_values(experiment)))
    assert again == experiment


@pytest.mark.parametrize(("section", "name"), ALTERNATIVES)
def test_choosing_an_alternative_gives_its_own_defaults(section: str, name: str) -> None:
    experiment = read(values.to_config(form_with(section, name)))
    queue_eta = {f"{section}.name"} | ({"data.path"} if name in ("folder", "imagenet") else set())
    assert set(differences(experiment)) <= queue_eta


def test_a_relative_path_in_the_form_is_started_as_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "imgs/train" / name).mkdir(parents=True)
        (tmp_path / "imgs/val" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    experiment, refused = values.examine(form_with("data", "folder") | {"data.path": "imgs", "model.name": "mlp"}, tmp_path)
    assert refused is None
    assert experiment is not None
    assert experiment.data.path == str(tmp_path / "imgs")
    assert f"data.path={tmp_path / 'imgs'}" in values.command(experiment, tmp_path, tmp_path)


def test_the_form_opens_on_the_demonstration() -> None:
    assert read(values.to_config(values.initial())) == find("demo").experiment()


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.path)
def test_every_field_has_a_tooltip_and_a_control(knob: fields.FormField) -> None:
    for member, field in knob.fields.items():
        assert field.description, f"{knob.path} of {member} has no docstring"
        component = control(knob, member, values.initial()[knob.path])
        assert component.visible
        assert component.info == field.description


@pytest.mark.parametrize(("section", "name"), ALTERNATIVES)
def test_every_choice_is_explained(section: str, name: str) -> None:
    assert len(choices.about(section, name)) > 10


def test_form_has_a_control_for_every_path() -> None:
    async def controls() -> set[str]:  # inside a running loop, or else Gradio leaves one of its own behind
        with gr.Blocks():
            return set(build().controls)

    assert asyncio.run(controls()) == set(values.paths())


def shown(section: str, name: str) -> set[str]:
    return {knob.key for knob in fields.knobs(section) if name in knob.fields}


def test_a_method_shows_only_its_own_knobs() -> None:
    assert {"lambda", "sigma", "eta", "beta"} <= shown("method", "m-arwp")
    assert "rho" not in shown("method", "m-arwp")
    assert {"rho"} <= shown("method", "sam")
    assert not {"sigma", "lambda"} & shown("method", "sam")


def test_switching_keeps_what_means_the_same() -> None:
    changed = values.initial() | {"method.sigma": 0.02, "method.lambda": 0.7}
    after = values.switched("method", "m-rwp", "m-arwp", changed)
    assert (after["method.sigma"], after["method.lambda"]) == (0.02, 0.7)


def test_switching_takes_the_new_default_where_it_differs() -> None:
    after = values.switched("method", "m-rwp", "rwp", values.initial() | {"method.sigma": 0.02})
    assert after["method.sigma"] == 0.01
    assert values.switched("optimizer", "sgd", "adam", values.initial() | {"optimizer.lr": 0.3})["optimizer.lr"] == 0.001


def test_switching_does_not_keep_a_value_that_is_not_allowed() -> None:
    after = values.switched("method", "m-rwp", "m-arwp", values.initial() | {"method.lambda": 7})
    assert after["method.lambda"] == 0.5


@pytest.mark.parametrize(("text", "meaning"), [("", None), (" 500 ", 500), ("many", "many")])
def test_an_optional_number_may_be_empty(text: str, meaning: object) -> None:
    assert values.to_config(values.initial() | {"data.train_size": text})["data"]["train_size"] == meaning


@pytest.mark.parametrize(("answer", "meaning"), [("as usual", None), ("yes", True), ("no", False)])
def test_an_optional_yes_or_no(answer: str, meaning: object) -> None:
    assert values.to_config(values.initial() | {"data.flip": answer})["data"]["flip"] is meaning


def test_command_reads_back_as_the_same_experiment(tmp_path: Path) -> None:
    given = form_with("data", "folder") | {
        "data.path": "/my images/'1'",
        "method.name": "m-arwp",
        "method.sigma": 0.02,
        "seed": 7,
    }
    experiment, _ = values.examine(given, tmp_path)
    assert experiment
    words = shlex.split(values.command(experiment, Path("runs"), tmp_path))
    assert words[:2] + words[-2:] == ["rwp-studio", "train", "--data", str(tmp_path)]
    config: dict[str, Any] = {}
    for flag, assignment in zip(words[2:-2:2], words[3:-2:2], strict=True):
        assert flag == "--set"
        config = override(config, assignment)
    assert read(config) == experiment


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("method.sigma", None),
        ("method.sigma", float("nan")),
        ("schedule.batch_size", 10**9),
        ("schedule.batch_size", 5000),
        ("data.train_size", "many"),
        ("landscape.resolution", 24),
    ],
)
def test_faults_name_the_field(path: str, value: object, tmp_path: Path) -> None:
    _, refused = values.examine(values.initial() | {path: value}, tmp_path)
    assert refused
    assert [problem.field for problem in refused.problems] == [path]


@pytest.mark.parametrize("knob", [knob for knob in KNOBS if knob.kind == "whole"], ids=lambda knob: knob.path)
def test_a_fraction_where_a_whole_number_belongs_is_refused_by_name(knob: fields.FormField, tmp_path: Path) -> None:
    member = next(iter(knob.fields))
    given = form_with(knob.section, member) if member else values.initial()
    _, refused = values.examine(given | {knob.path: 2.5}, tmp_path)
    assert refused
    assert str(refused.problems[0]) == f"{knob.path}: should be a whole number (got 2.5)"


def test_what_is_typed_reaches_the_schema_unaltered(tmp_path: Path) -> None:
    """Gradio would round it, or refuse it in words that name no field."""

    async def events() -> list[Any]:
        with gr.Blocks() as page:
            Setup(tmp_path, tmp_path, "")
        return list(page.fns.values())

    assert not any(event.preprocess for event in asyncio.run(events()) if event.fn)


def test_the_form_is_had_back_as_it_was() -> None:
    given = form_with("method", "m-arwp") | {
        "data.name": "folder",
        "data.path": "/my images",
        "data.train_size": "50",
        "data.flip": "no",
        "method.sigma": 0.02,
        "optimizer.name": "adamw",
        "optimizer.lr": 0.01,
        "runtime.compile": True,
        "seed": 7,
    }
    given |= {"optimizer.weight_decay": 0.01}
    assert values.restored(json.dumps(given)) == given


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schedule.epochs", 2.5),
        ("schedule.epochs", "many"),
        ("schedule.lr", "no such course"),
        ("method.sigma", 9),
        ("method.name", "no such method"),
        ("method.name", ["sgd"]),
        ("data.flip", "perhaps"),
        ("data.train_size", {}),
        ("runtime.compile", "yes"),
        ("seed", -1),
        ("seeds", None),
        ("no.such.field", 1),
    ],
)
def test_what_cannot_be_had_back_is_as_at_first_and_the_rest_is_kept(path: str, value: object) -> None:
    given = values.initial() | {"method.lambda": 0.25}
    assert values.restored(json.dumps(given | {path: value})) == given


@pytest.mark.parametrize("kept", ["", "{", "[]", "3", "null", "[" * 100_000, '{"seed": NaN}'])
def test_what_is_no_form_is_the_form_before_anybody_touches_it(kept: str) -> None:
    assert values.restored(kept) == values.initial()


def test_missing_folder_is_told_with_its_cure(tmp_path: Path) -> None:
    _, refused = values.examine(values.initial() | {"data.name": "folder", "data.path": ""}, tmp_path)
    assert refused
    assert refused.problems[0].field == "data.path"


def test_problems_are_escaped() -> None:
    shown = problems(Refused(Problem("<b>", "<script>alert(1)</script>", "a & b")))
    assert "<script" not in shown
    assert "<b>" not in shown
    assert 'role="alert"' in shown
