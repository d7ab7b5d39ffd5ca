"""The routes of a run's checkpoints: what is listed, pinned and forked."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.launch.queue import Queue
from engine.runs.checkpoints import Checkpoint
from engine.runs.status import Status
from tests.studio.script import Script


@pytest.fixture
def saved(script: Script) -> Script:
    """A run with four checkpoints, of which the second is the best."""
    for step, accuracy in ((1, 0.5), (2, 0.9), (3, 0.6), (4, 0.7)):
        content = b"x" * step
        one = Checkpoint.of(script.run.path / "checkpoints", step)
        one.path.write_bytes(content)
        one.digest.write_text(hashlib.sha256(content).hexdigest())
        script.writer.metrics(step, 1.0, {"test/accuracy": accuracy})
    script.steps(1, 4)
    return script


def listed(rows: Any, what: str) -> list[int]:
    return [row["step"] for row in rows if row[what]]


def test_checkpoints_are_listed_with_the_reason_for_which_they_stay(client: TestClient, saved: Script) -> None:
    route = f"/api/runs/{saved.run.id}"
    rows = client.get(f"{route}/checkpoints").json()
    assert [(row["step"], row["bytes"], row["accuracy"]) for row in rows] == [(1, 1, 0.5), (2, 2, 0.9), (3, 3, 0.6), (4, 4, 0.7)]
    assert (listed(rows, "newest"), listed(rows, "best"), listed(rows, "pinned")) == ([3, 4], [2], [])
    assert listed(client.post(f"{route}/pin", json={"step": 1}).json(), "pinned") == [1]
    assert listed(client.post(f"{route}/unpin", json={"step": 1}).json(), "pinned") == []
    for step in (9, "1", None):
        assert client.post(f"{route}/pin", json={"step": step}).status_code == 400


@pytest.fixture
def idle_queue(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A queue that starts nothing, and is empty again afterwards."""
    monkeypatch.setattr(Queue, "advance", lambda *_: [])
    yield
    for run in Queue(runs).waiting():
        run.leave_queue()


@pytest.mark.usefixtures("idle_queue")
def test_forks_wait_in_the_queue(client: TestClient, saved: Script) -> None:
    route = f"/api/runs/{saved.run.id}"
    made = client.post(f"{route}/fork", json={"step": 2, "methods": ["sgd", "sam"]}).json()["runs"]
    assert client.get("/api/queue").json()["waiting"][-2:] == made
    rows = {row["id"]: row for row in client.get("/api/runs").json()}
    assert [(rows[name]["method"], rows[name]["parent"]["step"]) for name in made] == [("sgd", 2), ("sam", 2)]
    assert listed(client.get(f"{route}/checkpoints").json(), "pinned") == [2]
    saved.says(Status(state="finished", step=4, steps=4))
    assert listed(client.get(f"{route}/checkpoints").json(), "left") == [1, 2, 3]
    for given in (
        {"step": 4},
        {"step": 4, "methods": ["sam"]},
        {"step": 9},
        {"step": 2, "methods": ["adam"]},
        {"step": 2, "methods": "sgd"},
    ):
        assert client.post(f"{route}/fork", json=given).status_code == 400
