"""No event makes the studio open a file that somebody names."""

import copy
import os
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from fastapi.testclient import TestClient

from engine.errors import Refused
from studio.web.temporary_files import scratch
from tests.studios import Studio

EVENTS = ("/gradio_api/run/predict", "/gradio_api/queue/join")
ELSEWHERE = (
    *(f"/gradio_api/{route}/predict" for route in ("api", "call", "call/v2", "run/predict")),
    *(
        f"/gradio_api/{route}"
        for route in ("run/_copy", "run/predict/", "upload", "component_server", "cancel", "reset", "queue/x")
    ),
    *("/gradio_api/process_recording", "/gradio_api/vibe-edit", "/gradio_api//run/predict", "//gradio_api/run/predict", "/login"),
)
SECRET = "what only its owner may read"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def config(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/config").json()
    return found


def file_at(path: Path | str) -> dict[str, Any]:
    return {"path": str(path), "url": str(path), "orig_name": "x", "meta": {"_type": "gradio.FileData"}}


def with_a_file(event: dict[str, Any], file: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`event` with a file in the place of, or beside, each of the things in it."""
    yield file
    yield event | file
    shapes = (
        file,
        {"path": file["path"]},
        [file],
        {"value": file},
        {"value": [[{"x": file}]]},
        {"__type__": "update", "value": file},
    )
    for shape in shapes:
        for key in (*event, "event_id", "event_data", "batched", "oauth_token", "request"):
            yield event | {key: shape}
        for at in {0, len(event["data"]) // 2, len(event["data"]) - 1} if event["data"] else ():
            data = copy.copy(event["data"])
            data[at] = shape
            yield event | {"data": data}
            yield event | {"data": data, "batched": True}


def event_of(dependency: dict[str, Any]) -> dict[str, Any]:
    data = ["x"] * len(dependency["inputs"])
    return {"data": data, "fn_index": dependency["id"], "trigger_id": 0, "session_hash": "abc", "event_data": None}


def copies(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and SECRET in path.read_text(errors="replace")]


def test_no_event_of_the_page_takes_a_file(
    client: TestClient, config: dict[str, Any], secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    assert len(config["dependencies"]) > 10
    for dependency in config["dependencies"]:
        for body in with_a_file(event_of(dependency), file_at(secret)):
            for route in EVENTS:
                answer = client.post(route, json=body)
                assert answer.status_code == 400, body
                assert answer.json()["problems"][0]["what"]
    assert copies(tmp_path / "gradio") == []


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/tty", "/proc/self/mem", "http://evil.example/x"])
def test_what_never_ends_is_not_opened(client: TestClient, config: dict[str, Any], device: str) -> None:
    for dependency in config["dependencies"]:
        for route in EVENTS:
            data = [file_at(device)] * len(dependency["inputs"])
            assert client.post(route, json=event_of(dependency) | {"data": data, "x": file_at(device)}).status_code == 400
    assert not any(file.path == device for file in psutil.Process().open_files())


@pytest.mark.parametrize("route", ELSEWHERE)
def test_there_is_no_other_way_to_an_event(client: TestClient, secret: Path, route: str) -> None:
    body = {"data": [file_at(secret)], "fn_index": 14, "session_hash": "abc"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.request(method, route, json=body).status_code == 404
    assert client.post(route, files={"files": secret.read_bytes()}).status_code == 404


@pytest.mark.parametrize(
    "route", ["deep_link", "proxy=http://evil.example", "file", "stream/a/b/3/playlist.m3u8", "upload_progress"]
)
def test_what_hands_out_files_is_shut(client: TestClient, secret: Path, route: str) -> None:
    assert client.get(f"/gradio_api/{route}?session_hash=abc").status_code == 404
    assert client.get(f"/gradio_api/{route}={secret}").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"fn_index": 10_000},
        {"fn_index": "14"},
        {"data": []},
        {"data": ["x", "y"]},
        {"data": [["x"]]},
        {"data": ["x" * 40_000]},
        {"session_hash": None},
        {"session_hash": "../x"},
        {"simple_format": True},
        {"trigger_id": -1},
    ],
)
def test_what_is_no_event_of_the_page_is_refused(client: TestClient, config: dict[str, Any], changes: dict[str, Any]) -> None:
    copied = next(one for one in config["dependencies"] if one["api_name"] == "_copy")
    assert client.post(EVENTS[0], json=event_of(copied)).status_code == 200
    assert client.post(EVENTS[0], json=event_of(copied) | changes).status_code == 400


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_temporary_files_are_private_and_gone_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: signal.Signals
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    own = tmp_path / "tmp" / f"rwp-studio-{os.getuid()}"
    studio = Studio(tmp_path)
    studio.start()
    (first,) = folders(own)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (own, first)] == [0o700, 0o700]
    assert httpx.get(f"{studio.url}/config", timeout=60).status_code == 200
    (first / "left").write_text("x")
    studio.end(signal.SIGKILL)
    (studio.runs / ".transfer-left").mkdir()
    studio.start()
    assert not (studio.runs / ".transfer-left").exists()
    (second,) = folders(own)
    assert second != first
    studio.end(ending)
    assert folders(own) == []
    assert not (tmp_path / "tmp" / "gradio").exists()


def open_to_others(own: Path) -> None:
    own.mkdir(mode=0o755)


def open_to_its_group(own: Path) -> None:
    own.mkdir()
    own.chmod(0o710)


def link(own: Path) -> None:
    (own.parent / "elsewhere").mkdir(mode=0o700)
    own.symlink_to(own.parent / "elsewhere")


@pytest.mark.parametrize("made", [open_to_others, open_to_its_group, link])
def test_a_place_for_temporary_files_that_somebody_else_has_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    made(tmp_path / f"rwp-studio-{os.getuid()}")
    with pytest.raises(Refused, match="is open to others"), scratch():
        pass
    assert "GRADIO_TEMP_DIR" not in os.environ


def folders(own: Path) -> list[Path]:
    return [path for path in own.iterdir() if path.is_dir()]


@pytest.mark.parametrize("typed", ["/some/folder", 0.02, True, None])
def test_what_a_field_tells_of_itself_is_let_in(client: TestClient, config: dict[str, Any], typed: object) -> None:
    """A text field sends what it holds once more as the event's own data."""
    event = next(event_of(one) for one in config["dependencies"] if len(one["inputs"]) > 10 and not one["queue"])
    assert client.post(EVENTS[0], json=event | {"event_data": typed}).status_code == 200
