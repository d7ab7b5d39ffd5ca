"""The OpenAPI document says what the routes take and answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.experiment.schema import Experiment
from engine.launch import engine_process
from engine.launch.actions import ACTIONS
from engine.launch.queue import Queue
from engine.runs.checkpoints import Checkpoint
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.trash import Trash
from tests.studio.script import Script

NEED_RESULTS = ("fork", "figure", "plane", "read")
"""Routes that need weights or curves, which no run has here."""
STATES = ("running", "paused", "finished", "stopped")
TYPED: dict[str, Any] = {"integer": 3, "number": 2.5, "string": "x", "boolean": True, "array": [], "object": {}, "null": None}


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/openapi.json").json()
    return found


@pytest.fixture
def known(script: Script, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A value for each name that has to mean something here; no engine is started."""
    monkeypatch.setattr(engine_process, "start", lambda *_: None)
    monkeypatch.setattr(Queue, "advance", lambda *_: [])
    script.steps(1, 8)
    checkpoint = Checkpoint.of(script.run.path / "checkpoints", 8)
    checkpoint.path.parent.mkdir(exist_ok=True)
    checkpoint.path.touch()
    waiting, trash = Run.create(runs, Experiment()), Trash(runs)
    Queue(runs).add(waiting)
    names = [trash.put(Run.create(runs, Experiment())).id for _ in range(2)]
    yield {
        "run_id": script.run.id,
        "run": waiting.id,
        "step": 8,
        "position": 0,
        "epochs": 60,
        "name": names[0],
        "runs": names[1:],
    } | {"changes": {"method.sigma": 0.02}, "ink": [[0.0] * 64] * 64}
    waiting.leave_queue()


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every route that takes JSON, with the schema of it."""
    for path, methods in document["paths"].items():
        for schema in (one["schema"] for one in methods.get("post", {}).get("requestBody", {}).get("content", {}).values()):
            if "$ref" in schema:
                yield path, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def sample(name: str, schema: dict[str, Any], known: dict[str, Any]) -> Any:
    kinds = [schema, *schema.get("anyOf", [])]
    return known.get(name, next(kind.get("enum", [TYPED[kind["type"]]])[0] for kind in kinds if "type" in kind))


def test_every_action_is_there_with_its_meaning(document: dict[str, Any]) -> None:
    for name, action in ACTIONS.items():
        assert document["paths"][f"/api/runs/{{run_id}}/{name}"]["post"]["summary"] == action.text


def test_every_body_that_is_described_is_taken_and_no_other(
    client: TestClient, script: Script, document: dict[str, Any], known: dict[str, Any]
) -> None:
    described = dict(bodies(document))
    assert len(described) > 15
    for path, schema in described.items():
        url = path.format(**known)
        if action := ACTIONS.get(path.rpartition("/")[2]):
            script.says(Status(state=next(state for state in STATES if state in action.states), steps=100, epochs=10))
        body = {name: sample(name, field, known) for name, field in schema.get("properties", {}).items()}
        for missing in schema.get("required", []):
            less = {name: value for name, value in body.items() if name != missing}
            assert [one["field"] for one in problems(client, url, less)] == [missing], path
        assert [one["field"] for one in problems(client, url, {**body, "nonsense": 1})] == ["nonsense"], path
        if path.rpartition("/")[2] not in NEED_RESULTS:
            assert client.post(url, json=body).status_code == 200, (path, client.post(url, json=body).text)


def problems(client: TestClient, url: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post(url, json=body)
    assert answer.status_code in (400, 404), (url, body)
    found: list[dict[str, Any]] = answer.json()["problems"]
    return found


def test_every_answer_that_is_an_object_has_a_schema(document: dict[str, Any]) -> None:
    untyped = [
        (path, method)
        for path, methods in document["paths"].items()
        for method, route in methods.items()
        for content in route["responses"]["200"].get("content", {}).items()
        if content[0] == "application/json" and not content[1]["schema"]
    ]
    assert untyped == []
