"""Keeping runs in order through the routes: labels, archives, and the trash."""

import asyncio
import io
import sqlite3
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
import pytest
from fastapi.testclient import TestClient

from engine.experiment.schema import Experiment
from engine.launch.queue import Queue
from engine.runs.archive import pack
from engine.runs.labels import FILE
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.trash import Trash
from engine.runs.writer import Writer
from studio.queries.listing import Listing
from studio.web.routes import library
from tests.studio.script import Script


def told(answer: Any, status: int = 400) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["problems"][0]


def row(client: TestClient, run: Run) -> Any:
    return next(row for row in client.get("/api/runs").json() if row["id"] == run.id)


@pytest.fixture
def finished(run: Run) -> Run:
    writer = Writer(run.path / "run.db")
    writer.metrics(3, 1.0, {"test/accuracy": 0.5})
    writer.flush(Status(state="finished", step=3, steps=3))
    writer.close()
    return run


def test_a_label_is_seen_in_the_list_at_once(client: TestClient, finished: Run) -> None:
    assert row(client, finished)["labels"] == {"name": "", "note": "", "tags": [], "star": False}
    answer = client.post(f"/api/runs/{finished.id}/labels", json={"name": "<b>best</b>", "tags": ["a"]})
    assert answer.json() == {"name": "<b>best</b>", "note": "", "tags": ["a"], "star": False}
    assert row(client, finished)["labels"] == answer.json()
    client.post(f"/api/runs/{finished.id}/labels", json={"star": True})
    assert row(client, finished)["labels"] == {**answer.json(), "star": True}


def test_a_label_that_cannot_be_is_refused_with_its_field(client: TestClient, run: Run) -> None:
    problem = told(client.post(f"/api/runs/{run.id}/labels", json={"name": "a\nb"}))
    assert problem == {
        "field": "name",
        "what": "holds the control character U+000A (got 'a\\nb')",
        "cure": "Give at most 120 visible characters on one line",
    }
    assert told(client.post("/api/runs/nobody/labels", json={"name": "a"}), 404)["field"] == "run"
    assert not (run.path / FILE).exists()


def test_damaged_labels_do_not_hide_a_run(client: TestClient, finished: Run) -> None:
    (finished.path / FILE).write_bytes(b"\x00")
    assert row(client, finished)["labels"]["name"] == ""


def test_a_run_is_deleted_and_had_back(client: TestClient, runs: Path, finished: Run) -> None:
    name = client.post(f"/api/runs/{finished.id}/delete").json()["trash"]
    assert finished.id not in [row["id"] for row in client.get("/api/runs").json()]
    assert client.get(f"/api/runs/{finished.id}/log").status_code == 404
    shown = client.get("/api/storage").json()
    assert shown["free"] > 0
    (gone,) = (one for one in shown["trash"] if one["id"] == name)
    assert gone["bytes"] > 1000
    assert client.post(f"/api/trash/{name}/restore").json() == {"run": finished.id}
    assert row(client, finished)["state"] == "finished"


def test_a_run_in_use_is_not_deleted(client: TestClient, script: Script, runs: Path) -> None:
    script.steps(1, 3)
    assert told(client.post(f"/api/runs/{script.run.id}/delete"))["cure"] == "Stop it first, then delete it"
    waiting = Run.create(runs, Experiment())
    Queue(runs).add(waiting)
    assert told(client.post(f"/api/runs/{waiting.id}/delete"))["cure"] == "Stop it first, then delete it"
    Queue(runs).remove(waiting)


def test_the_trash_is_emptied_of_what_the_person_has_seen(client: TestClient, runs: Path) -> None:
    seen, unseen = (Run.create(runs, Experiment()) for _ in range(2))
    for run in (seen, unseen):
        client.post(f"/api/runs/{run.id}/delete")
    assert told(client.post("/api/trash/empty"))["field"] == "runs"
    assert told(client.post("/api/trash/empty", json={"runs": ["../" + unseen.id]}), 404)["field"] == "run"
    assert client.post("/api/trash/empty", json={"runs": [seen.id]}).json()["freed"] > 0
    left = {run.id for run in Trash(runs).runs()}
    assert (seen.id in left, unseen.id in left) == (False, True)
    assert client.post("/api/trash/nobody/restore").status_code == 404
    client.post("/api/trash/empty", json={"runs": [unseen.id]})


def test_an_archive_comes_and_goes(client: TestClient, runs: Path, finished: Run) -> None:
    answer = client.get(f"/api/runs/{finished.id}/zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="{finished.id}.zip"'
    assert {"config.json", "run.db", "manifest.json"} <= set(zipfile.ZipFile(io.BytesIO(answer.content)).namelist())
    taken = client.post("/api/import", content=answer.content).json()["run"]
    assert taken == f"{finished.id}-2"
    assert row(client, Run(runs / taken))["state"] == "finished"
    assert row(client, Run(runs / taken))["accuracy"] == 0.5


def test_an_unknown_choice_is_told_before_anything_is_sent(client: TestClient, run: Run) -> None:
    assert told(client.get(f"/api/runs/{run.id}/zip?checkpoints=best"))["field"] == "checkpoints"
    assert client.get("/api/runs/nobody/zip").status_code == 404


def test_an_archive_that_nobody_waits_for_is_closed_at_once(finished: Run) -> None:
    (finished.path / "checkpoints" / "step-00000003.sha256").write_bytes(sha256(bytes(9_000_000)).hexdigest().encode())
    (finished.path / "checkpoints" / "step-00000003.pt").write_bytes(bytes(9_000_000))
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if len(message.get("body", b"")) > 100_000:
            left.set()
            await asyncio.sleep(60)

    response = library.ArchiveResponse(finished.id, pack(finished))
    assert any(str(finished.path) in file.path for file in psutil.Process().open_files())
    asyncio.run(response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send))
    assert not any(str(finished.path) in file.path for file in psutil.Process().open_files())


def hidden(runs: Path) -> list[str]:
    return [path.name for path in runs.glob(".transfer-*")]


def test_what_is_no_archive_is_refused_and_leaves_nothing(client: TestClient, runs: Path) -> None:
    before = [run.id for run in Run.all(runs)]
    assert told(client.post("/api/import", content=b"x" * 100_000))["field"] == "archive"
    assert told(client.post("/api/import"))["field"] == "archive"
    assert ([run.id for run in Run.all(runs)], hidden(runs)) == (before, [])


def test_an_upload_has_a_limit_whatever_it_says_of_its_length(
    client: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "MOST_UPLOAD", 200_000)
    assert "is too large" in told(client.post("/api/import", content=bytes(300_000)))["what"]
    pieces = (bytes(50_000) for _ in range(100))
    assert "is too large" in told(client.post("/api/import", content=pieces))["what"]
    assert hidden(runs) == []


def test_an_upload_from_another_page_is_refused(client: TestClient, run: Run) -> None:
    for route in ("import", f"runs/{run.id}/delete", "trash/empty", f"runs/{run.id}/labels"):
        assert client.post(f"/api/{route}", headers={"origin": "http://evil.example"}).status_code == 403


def test_a_disk_that_takes_nothing_is_named(client: TestClient, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    problem = told(client.post(f"/api/runs/{run.id}/labels", json={"name": "x"}), 507)
    assert (problem["field"], problem["what"].partition(":")[0]) == ("disk", "the disk is full")
    assert problem["cure"]


def test_hundreds_of_runs_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(20):
        script = Script(Run.create(tmp_path, Experiment()))
        script.says(Status(state="finished"))
        script.writer.close()
    listing = Listing(tmp_path)
    listing.rows()  # the first look leaves SQLite's own files beside each database
    rows = listing.rows()
    opened: list[object] = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: opened.append(a) or connect(*a, **k))
    assert (listing.rows(), opened) == (rows, [])
