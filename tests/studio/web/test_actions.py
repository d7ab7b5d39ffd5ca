"""What can be asked of a run through the routes, and what becomes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.experiment.schema import Experiment
from engine.launch import engine_process
from engine.launch.actions import ACTIONS
from engine.launch.queue import Queue
from engine.runs.run import Run
from engine.runs.status import Status
from studio.queries.queue_eta import queue_eta
from studio.web.autostart import AutoStart
from tests.studio.script import Script

Post = Callable[..., Any]


@pytest.fixture
def post(client: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Post:
    """post(route, body): the answer, while no engine is started and the queue is empty at first."""
    monkeypatch.setattr(engine_process, "start", lambda run, *_: run.leave_queue())
    for run in Queue(runs).waiting():
        run.leave_queue()
    return lambda route, body=None: client.post(f"/api/{route}", json=body)


def told(answer: Any) -> Any:
    assert answer.status_code == 400
    return answer.json()["problems"][0]


def test_the_table_names_states_and_meaning(client: TestClient) -> None:
    table = client.get("/api/actions").json()
    assert table.keys() == ACTIONS.keys()
    assert table["pause"]["states"] == ["running"]
    assert all(row["text"] for row in table.values())


def test_a_change_is_left_for_the_engine(post: Post, script: Script) -> None:
    script.steps(1, 3)
    answer = post(f"runs/{script.run.id}/set", {"changes": {"method.sigma": 0.02}})
    (command,) = script.run.commands.pending()
    assert answer.json() == {"done": "set", "id": command["id"]}
    assert (command["kind"], command["changes"]) == ("set", {"method.sigma": 0.02})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"changes": {"method.sigma": 9}}, "method.sigma"),
        ({"changes": {"seed": 1}}, "seed"),
        ({"changes": 3}, "changes"),
        ({}, "changes"),
        ([1], "body"),
    ],
    ids=str,
)
def test_a_change_that_cannot_be_is_refused_at_once(post: Post, script: Script, body: Any, field: str) -> None:
    script.steps(1, 3)
    assert told(post(f"runs/{script.run.id}/set", body))["field"] == field
    assert script.run.commands.pending() == []


@pytest.mark.parametrize(
    "content", [b"{", b"[" * 60_000, b"\xff", b'{"a": ' + b"1" * 70_000], ids=["cut", "deep", "bytes", "long"]
)
def test_a_body_that_is_no_json_is_refused(client: TestClient, script: Script, content: bytes) -> None:
    assert told(client.post(f"/api/runs/{script.run.id}/set", content=content))["field"] == "body"


def test_a_command_cannot_pass_for_another(post: Post, script: Script) -> None:
    script.steps(1, 3)
    answer = post(f"runs/{script.run.id}/pause", {"kind": "stop", "id": "../../x"})
    assert [problem["field"] for problem in answer.json()["problems"]] == ["kind", "id"]
    assert script.run.commands.pending() == []


def finished(run: Run) -> Run:
    script = Script(run)
    script.says(Status(state="finished", step=90, steps=90, epochs=30, seconds=9.0))
    script.writer.close()
    return run


def test_extending_a_finished_run_queues_it(post: Post, run: Run, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Queue, "advance", lambda *_: [])
    finished(run)
    assert told(post(f"runs/{run.id}/extend", {"epochs": 0}))["field"] == "schedule.epochs"
    assert run.status().state == "finished"
    assert post(f"runs/{run.id}/extend", {"epochs": 60}).status_code == 200
    assert [command["changes"] for command in run.commands.pending()] == [{"schedule.epochs": 60}]
    assert run.status().state == "queued"


def test_a_landscape_of_a_finished_run_queues_it_and_pausing_it_makes_no_sense(
    post: Post, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Queue, "advance", lambda *_: [])
    finished(run)
    assert told(post(f"runs/{run.id}/pause"))["field"] == "action"
    post(f"runs/{run.id}/landscape")
    assert run.status().state == "queued"


def test_the_queue_is_shown_rearranged_and_left(
    post: Post, client: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Queue, "advance", lambda *_: [])
    waiting = [Run.create(runs, Experiment()) for _ in range(3)]
    for run in waiting:
        assert post(f"runs/{run.id}/resume").json()["id"] == ""
    names = [run.id for run in waiting]
    assert client.get("/api/queue").json()["waiting"] == names
    moved = post("queue/move", {"run": names[2], "position": 0}).json()
    assert moved["waiting"] == [names[2], names[0], names[1]]
    rows = {row["id"]: row for row in client.get("/api/runs").json()}
    assert [rows[name]["position"] for name in names] == [1, 2, 0]
    post("queue/start", {"run": names[2]})
    assert client.get("/api/queue").json()["waiting"] == names[:2]
    told(post("queue/start", {"run": names[2]}))
    post(f"runs/{names[2]}/resume")
    post(f"runs/{names[2]}/stop")
    assert client.get("/api/queue").json()["waiting"] == names[:2]
    assert waiting[2].status().state == "stopped"
    for body in ({"run": names[2], "position": 0}, {"run": names[0], "position": "x"}, {"run": names[0], "position": -1}):
        told(post("queue/move", body))
    assert post("queue/move", {"run": "nobody", "position": 0}).status_code == 404
    assert post("queue/at_once", {"cpu": 2}).json()["at_once"]["cpu"] == 2
    told(post("queue/at_once", {"cpu": 0}))


def test_when_runs_begin_is_guessed_from_runs_like_them() -> None:
    kind = {"dataset": "d", "train_size": None, "model": "m", "method": "sgd", "batch_size": 8}
    running = {**kind, "active": True, "eta": 10.0, "epochs": 10, "epochs_done": 5.0, "seconds": 20.0}
    fresh = {**kind, "epochs": 5, "epochs_done": 0.0}
    assert queue_eta([fresh, fresh], [running], 1) == [10.0, 30.0]
    assert queue_eta([fresh, fresh], [running], 2) == [0.0, 10.0]
    half = {**fresh, "epochs_done": 2.5}
    assert queue_eta([half, fresh], [running], 1) == [10.0, 20.0]
    assert queue_eta([{**fresh, "model": "other"}, fresh], [running], 1) == [10.0, None]
    assert queue_eta([fresh], [{**running, "eta": None}], 1) == [None]


def test_what_was_interrupted_goes_on_by_itself_if_wished_but_not_twice_at_the_same_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(engine_process, "start", lambda run, *_: begun.append(run.id) or run.leave_queue())
    run = Run.create(tmp_path, Experiment())
    script = Script(run)
    script.steps(1, 3)
    AutoStart(tmp_path, tmp_path, auto_resume=False).look()
    assert begun == []
    keeper = AutoStart(tmp_path, tmp_path, auto_resume=True)
    keeper.look()
    keeper.look()
    assert begun == [run.id]
    script.steps(4, 4)
    keeper.look()
    assert begun == [run.id] * 2
    script.says(Status(state="stopped", step=9))
    keeper.look()
    assert begun == [run.id] * 2
    script.writer.close()


def test_live_knobs_have_limits_and_present_values(client: TestClient, script: Script) -> None:
    script.writer.event(2, "changed", path="method.sigma", old=0.015, new=0.07)
    script.steps(1, 3)
    rows = {row["path"]: row for row in client.get(f"/api/runs/{script.run.id}/live").json()}
    sigma = rows["method.sigma"]
    assert (sigma["value"], sigma["min"], sigma["max"], sigma["step"], sigma["log_from"]) == (0.07, 0, 0.2, 0.0005, 0.001)
    assert (sigma["label"], sigma["short"], sigma["advanced"], sigma["optional"]) == ("σ sigma", "σ", False, False)
    assert sigma["help"]
    assert (rows["optimizer.weight_decay"]["short"], rows["method.lambda"]["log_from"]) == ("weight decay", None)
    assert (rows["optimizer.clip_norm"]["optional"], rows["runtime.accumulate"]["advanced"]) == (True, True)
    assert rows["schedule.epochs"]["value"] == 30
    assert (rows["schedule.batch_size"]["value"], rows["schedule.batch_size"]["min"]) == (128, 2)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_is_json_whatever_it_is_called(client: TestClient, script: Script, kind: str) -> None:
    script.steps(1, 3)
    headers = {"content-type": kind} if kind else {}
    answer = client.post(f"/api/runs/{script.run.id}/set", content=b'{"changes": {"method.sigma": 0.02}}', headers=headers)
    assert answer.status_code == 200
