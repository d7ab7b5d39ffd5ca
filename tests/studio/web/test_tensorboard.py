"""TensorBoard is reached through the studio alone, and ends with it."""

import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine.experiment.schema import read
from engine.runs.run import Run
from engine.training.trainer.tensorboard import EventFiles
from studio.web.routes.tensorboard import MOST_BYTES, Board
from studio.web.server import create_app

pytestmark = pytest.mark.slow


def sockets() -> list[Path]:
    """Where TensorBoard listens."""
    return list(Path(tempfile.gettempdir(), f"rwp-studio-{os.getuid()}").glob("*/socket"))


@pytest.fixture(scope="module", autouse=True)
def own_temporary_files() -> Iterator[None]:
    """Short names, as those of sockets have to be, away from other studios."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run.create(tmp_path_factory.mktemp("runs"), read({"model": {"name": "mlp"}}))
    files = EventFiles(run.path / "tb")
    files.hyperparameters({"method.sigma": 0.1}, run.id)
    files.scalars(1, {"test/accuracy": 0.5})
    files.close()
    return run


@pytest.fixture(scope="module")
def board(run: Run) -> Iterator[tuple[TestClient, Board]]:
    app = create_app(run.path.parent, run.path.parent, {"testserver"})
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client, app.state.board
    app.state.board.close()


def test_its_page_and_data_come_through_the_studio(board: tuple[TestClient, Board], run: Run) -> None:
    client, _ = board
    page = client.get("/tensorboard")
    assert page.is_success
    assert "<title>TensorBoard" in page.text
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    end = time.monotonic() + 60
    while not (found := client.get("/tensorboard/data/plugin/scalars/tags").json()) and time.monotonic() < end:
        time.sleep(0.05)
    assert list(found) == [f"{run.id}/tb"]
    shown = client.get("/tensorboard/data/plugin/scalars/scalars", params={"run": f"{run.id}/tb", "tag": "test/accuracy"}).json()
    assert [value for _, _, value in shown] == [0.5]


def test_who_may_not_talk_to_the_studio_may_not_talk_to_it_either(board: tuple[TestClient, Board]) -> None:
    client, _ = board
    path = "/tensorboard/data/plugin/scalars/tags"
    assert client.get(path, headers={"host": "evil.example"}).status_code == 400
    assert client.post(path, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.get(path, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.put(path).status_code == 404


def test_it_listens_where_nobody_else_can_look(board: tuple[TestClient, Board]) -> None:
    client, own = board
    assert client.get("/tensorboard/").is_success
    (listens,) = sockets()
    assert own._process
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in listens.parents[:2]] == [0o700, 0o700]


def test_a_body_that_is_too_long_and_a_path_that_leads_out_are_refused(board: tuple[TestClient, Board]) -> None:
    client, _ = board
    answer = client.post("/tensorboard/data/plugin/hparams/experiment", content=b"x" * (MOST_BYTES + 1))
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (400, "body")
    for path in ("..%2f..%2fetc%2fpasswd", "%00", "a" * 3000, "?x=1", "http:%2f%2fevil.example%2f"):
        assert client.get(f"/tensorboard/{path}").status_code in (200, 400, 404)


def test_one_that_was_killed_is_started_again_and_closing_ends_it(board: tuple[TestClient, Board]) -> None:
    client, own = board
    assert client.get("/tensorboard/").is_success
    first = own._process
    assert first
    first.kill()
    first.wait()
    assert client.get("/tensorboard/").is_success
    assert own._process
    assert own._process.pid != first.pid
    own.close()
    assert own._process.poll() is not None
    assert not sockets()


def test_one_that_cannot_be_started_says_what_can_be_done(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.processes.sys.executable", "/bin/false")
    app = create_app(run.path.parent, run.path.parent, {"testserver"})
    answer = TestClient(app, raise_server_exceptions=False).get("/tensorboard/")
    assert answer.status_code == 400
    assert "could not be started" in answer.text
    app.state.board.close()
