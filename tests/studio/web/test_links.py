"""Links, pipes and devices among the runs: nothing behind them is handed out or written to, and nobody waits for them."""

import io
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from engine.errors import Refused
from engine.experiment.schema import Experiment
from engine.files.exclusive import exclusive
from engine.launch.queue import Queue
from engine.runs.archive import pack
from engine.runs.checkpoints import Checkpoint, checkpoints
from engine.runs.labels import labels
from engine.runs.reader import DATABASE
from engine.runs.run import Run
from engine.runs.trash import Trash
from engine.runs.writer import Writer
from studio.queries.drawing import DrawingReader
from studio.queries.listing import Listing
from studio.stream.hub import Hub
from studio.web.errors import refusal
from studio.web.routes.checkpoints import checkpoint_routes
from studio.web.routes.library import library_routes
from studio.web.routes.runs import run_routes
from tests.studio.script import Script

SECRET = b"SECRET-MARK 31337\n"
NUMBER = np.array([31337.0])
TRACE = "step-00000010.pt.trace.json.gz"
FILES = ["engine.log", "labels.json", f"traces/{TRACE}", "arrays/landscape-1.npz", "checkpoints/step-00000010.pt"]
FILES += ["config.sha256", "queued", "lock", "commands/1-a.json", DATABASE, "env.json", "checkpoints/step-00000010.sha256"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with a bit of everything."""
    script = Script(Run.create(tmp_path / "runs", Experiment()))
    script.steps(1, 3)
    script.writer.close()
    (script.run.path / "traces").mkdir()
    for name in ("engine.log", f"traces/{TRACE}", "checkpoints/step-00000010.pt", "checkpoints/step-00000010.sha256"):
        (script.run.path / name).write_bytes(b"its own")
    np.savez(script.run.path / "arrays" / "landscape-1.npz", mark=np.array([1.0]))
    return script.run


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is nobody's business."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(SECRET)
    np.savez(folder / "s.npz", mark=NUMBER)
    return folder


@pytest.fixture
def client(run: Run, tmp_path: Path) -> Iterator[TestClient]:
    app, runs = FastAPI(), run.path.parent
    app.add_exception_handler(Refused, refusal)
    app.include_router(library_routes(runs))
    app.include_router(checkpoint_routes(runs, tmp_path))
    app.include_router(run_routes(runs, tmp_path, Hub(), Listing(runs), DrawingReader()))
    with TestClient(app) as client:
        yield client


def everything(client: TestClient, run: Run) -> bytes:
    """All that the routes hand out of a run."""
    routes = ["log", f"traces/{TRACE}", "arrays/landscape-1", "checkpoints", "live", "zip?checkpoints=all", "group", "paper"]
    told = [client.get(f"/api/runs/{run.id}/{route}").content for route in routes]
    packed = told[routes.index("zip?checkpoints=all")]
    if packed.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            told += [archive.read(name) for name in archive.namelist()]
    return b"".join([*told, client.get("/api/runs").content, client.get("/api/storage").content])


def put(path: Path, target: Path) -> None:
    """Let a link stand in the place of whatever is at `path`."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("name", FILES)
def test_what_a_link_leads_to_is_not_handed_out(client: TestClient, run: Run, outside: Path, name: str) -> None:
    put(run.path / name, outside / ("s.npz" if name.endswith("npz") else "secret"))
    told = everything(client, run)
    assert b"SECRET" not in told
    assert b"31337" not in told
    assert NUMBER.tobytes() not in told
    assert (outside / "secret").read_bytes() == SECRET


@pytest.mark.parametrize("folder", ["arrays", "traces", "checkpoints", "commands"])
def test_nor_what_a_folder_that_is_a_link_leads_to(client: TestClient, run: Run, outside: Path, folder: str) -> None:
    for name in FILES:
        if name.startswith(f"{folder}/"):
            shutil.copy(outside / ("s.npz" if name.endswith("npz") else "secret"), outside / Path(name).name)
    put(run.path / folder, outside)
    told = everything(client, run)
    assert b"SECRET" not in told
    assert b"31337" not in told
    assert NUMBER.tobytes() not in told
    assert checkpoints(run.path / "checkpoints") == [] or folder != "checkpoints"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["pipe", "link to itself", "link to a device"])
def test_nobody_waits_for_what_is_no_file(client: TestClient, run: Run, name: str, kind: str) -> None:
    path = run.path / name
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path.name if kind == "link to itself" else "/dev/zero")
    assert everything(client, run)
    assert Queue(run.path.parent).waiting() == []
    assert [entry.run.id for entry in Listing(run.path.parent).entries()] == [run.id]


@pytest.mark.parametrize("name", ["lock", "engine.log", ".labels.lock"])
def test_nothing_is_written_through_a_link(run: Run, outside: Path, name: str) -> None:
    put(run.path / name, outside / "secret")
    if name == ".labels.lock":
        with pytest.raises(Refused, match="is a link"), exclusive(run.path / name):
            pass
    else:
        from engine.launch import engine_process

        with pytest.raises(Refused, match="is a link"):
            engine_process.start(run, outside)
    assert (outside / "secret").read_bytes() == SECRET


def test_new_records_are_not_written_through_a_link(run: Run, outside: Path) -> None:
    put(run.path / DATABASE, outside / "new.db")
    assert run.status().state == "failed"
    writer = Writer(run.path / DATABASE)
    writer.flush(run.status())
    writer.close()
    assert not (outside / "new.db").exists()
    assert not (run.path / DATABASE).is_symlink()


def test_a_run_that_is_a_link_is_none(client: TestClient, run: Run, outside: Path) -> None:
    elsewhere = outside / "elsewhere"
    shutil.copytree(run.path, elsewhere)
    (elsewhere / "queued").write_text("0")
    put(run.path.parent / "linked", elsewhere)
    assert [row["id"] for row in client.get("/api/runs").json()] == [run.id]
    assert [one.id for one in Run.all(run.path.parent)] == [run.id]
    assert Queue(run.path.parent).waiting() == []
    for route in ("log", "zip", "checkpoints"):
        answer = client.get(f"/api/runs/linked/{route}")
        assert answer.status_code == 404
        assert "is a link" in answer.json()["problems"][0]["what"]
    assert client.post("/api/runs/linked/delete").status_code == 404
    assert (elsewhere / "config.json").exists()


@pytest.mark.parametrize("named", [True, False])
def test_the_trash_is_emptied_whatever_links_are_in_it(client: TestClient, run: Run, outside: Path, named: bool) -> None:
    trash = Trash(run.path.parent)
    elsewhere = outside / "elsewhere"
    shutil.copytree(run.path, elsewhere)
    deleted = trash.put(run)
    for name in ("linked", ".half-removed", "dangling"):
        put(trash.folder / name, elsewhere if name != "dangling" else outside / "nothing")
    put(deleted.path / "tb", elsewhere)
    names = [run.id for run in trash.runs()] + (["linked"] if named else [])
    assert client.post("/api/trash/empty", json={"runs": names}).status_code == 200
    assert list(trash.folder.iterdir()) == []
    assert (elsewhere / "config.json").exists()


def test_a_run_without_links_is_read_as_ever(client: TestClient, run: Run) -> None:
    assert client.get(f"/api/runs/{run.id}/log").text == "its own"
    assert client.get(f"/api/runs/{run.id}/traces/{TRACE}").content == b"its own"
    assert client.get(f"/api/runs/{run.id}/arrays/landscape-1").json() == {"mark": [1.0]}
    assert labels(run).name == ""
    assert Checkpoint(run.path / "checkpoints" / "step-00000010.pt").content() is None
    assert b"".join(pack(run)).startswith(b"PK")
