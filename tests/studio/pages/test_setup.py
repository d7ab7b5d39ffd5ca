"""What fills the form from a run: nothing does where there is no such run, and that is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.experiment.schema import Experiment
from engine.runs.run import Run
from engine.runs.trash import Trash

Copy = Callable[[str], list[Any]]


@pytest.fixture
def copied(client: TestClient) -> Copy:
    """copied(run): what the button that copies the shown run answers with: the text about a recipe, the problems, the fields."""
    event = next(one for one in client.get("/config").json()["dependencies"] if one["api_name"] == "_copy")

    def press(shown: str) -> list[Any]:
        body = {"data": [shown], "fn_index": event["id"], "session_hash": "abc"}
        answer = client.post("/gradio_api/run/predict", json=body)
        assert answer.status_code == 200
        found: list[Any] = answer.json()["data"]
        return found

    return press


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
