"""What fills the form from a run: nothing does where there is no such run, and that is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from engine.experiment.schema import Experiment, read
from engine.runs.run import Run
from engine.runs.trash import Trash
from studio.form.values import paths, to_values
from studio.pages.launcher_choice import HERE

Copy = Callable[[str], list[Any]]


def answered(client: TestClient, name: str, *given: object) -> list[Any]:
    """What an event of the page answers with."""
    event = next(one for one in client.get("/config").json()["dependencies"] if one["api_name"] == name)
    answer = client.post("/gradio_api/run/predict", json={"data": given, "fn_index": event["id"], "session_hash": "abc"})
    assert answer.status_code == 200
    found: list[Any] = answer.json()["data"]
    return found


@pytest.fixture
def copied(client: TestClient) -> Copy:
    """copied(run): what the button that copies the shown run answers with: the text about a recipe, the problems, the fields."""
    return lambda shown: answered(client, "_copy", shown)


def assert_left_alone(answer: list[Any], told: str) -> None:
    _, problems, *fields = answer
    assert 'role="alert"' in problems
    assert told in problems
    assert fields
    assert all(field == {"__type__": "update"} for field in fields)


@pytest.mark.parametrize(
    ("shown", "told"),
    [("", "none is shown"), ("nobody", "there is no run"), ("../x", "there is no run"), ("x" * 300, "there is no run")],
)
def test_a_run_that_is_none_is_told_and_the_form_is_left_as_it_is(copied: Copy, shown: str, told: str) -> None:
    assert_left_alone(copied(shown), told)


def test_so_is_one_that_was_deleted_or_is_damaged_while_it_was_shown(copied: Copy, runs: Path) -> None:
    deleted, damaged = (Run.create(runs, Experiment()) for _ in range(2))
    assert copied(deleted.id)[1] == ""
    Trash(runs).put(deleted)
    assert_left_alone(copied(deleted.id), "there is no run")
    (damaged.path / "config.json").write_text("{")
    assert_left_alone(copied(damaged.id), "is not what was written when the run was made")


def test_what_will_not_be_used_of_a_folder_is_told_before_the_start(client: TestClient, tmp_path: Path) -> None:
    for place in ("train/cat", "train/dog", "val/cat", "val/dog"):
        (tmp_path / place).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / place / "picture.png")
    (tmp_path / "train" / "cat" / "<b>.tif").touch()
    config = {
        "data": {"name": "folder", "path": str(tmp_path), "image_size": 8},
        "schedule": {"batch_size": 2},
        "model": {"name": "mlp"},
    }
    values = to_values(read(config))
    _, problems, cost = answered(client, "_describe", *(values[path] for path in paths()), HERE, "")
    assert problems == ""
    assert "1 × .tif is not read (train/cat/&lt;b&gt;.tif)" in cost
