"""The routes, and who may use them."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from engine.runs.run import Run
from studio.web.server import listen
from tests.studio.script import Script

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
PATHS = ["/", "/config", "/api/runs", "/ui/monitor/main.js", "/ui/plotly.min.js", "/gradio_api/queue/join"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_a_foreign_host_is_refused(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path, headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("host", ["", "testserver.evil.example", "evil.example:7860", "[::1", "testserver@evil.example"])
def test_an_odd_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/api/runs", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://testserver:1", "http://testserver.evil.example", ""])
@pytest.mark.parametrize("method", METHODS)
def test_a_foreign_origin_is_refused(client: TestClient, method: str, origin: str) -> None:
    assert client.request(method, "/api/runs", headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_from_another_page_is_refused(client: TestClient, site: str) -> None:
    headers = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert client.get("/api/runs", headers=headers).status_code == 403
    assert client.get("/", headers=headers).status_code == 403


def test_a_link_to_the_front_page_may_be_followed(client: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get("/", headers=headers).status_code == 200
    assert client.get("/api/runs", headers=headers).status_code == 403
    assert client.post("/", headers=headers).status_code == 403


def test_the_studio_itself_is_welcome(client: TestClient) -> None:
    headers = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
    assert client.get("/api/runs", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "route", ["upload", "file=/etc/passwd", "proxy=http://evil.example", "deep_link", "token", "openapi.json"]
)
def test_what_the_page_does_not_need_of_gradio_is_shut(client: TestClient, route: str) -> None:
    assert client.get(f"/gradio_api/{route}").status_code == 404
    assert client.post(f"/gradio_api/{route}").status_code == 404


def test_every_answer_has_the_security_headers(client: TestClient) -> None:
    for answer in (client.get("/"), client.get("/nowhere"), client.get("/", headers={"host": "evil.example"})):
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/ui/../../studio/app.py", "/ui/..%2f..%2fstudio/app.py", "/ui/%2e%2e/recipes", "/ui//etc/passwd", "/ui/"]
)
def test_nothing_beside_the_scripts_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


UP = ["..", "%2e%2e", ".%2e", "%252e%252e", "..;", "....", "..%00", "..%5c..", "%c0%ae%c0%ae", "..%2f..", "~"]
SLASH = ["/", "//", "%2f", "%5c", "%252f", "/./"]
FROM = ["/ui/", "/static/", "/assets/", "/gradio_api/file=", "/gradio_api/", "/theme.css/"]


@pytest.mark.parametrize("start", [*FROM, "/api/runs/{}/arrays/", "/api/runs/{}/traces/", "/api/runs/"])
@pytest.mark.parametrize("target", ["config.json", "etc/passwd"])
def test_no_way_up_leads_to_a_file(client: TestClient, run: Run, start: str, target: str) -> None:
    (run.path.parent / "config.json").write_text("SECRET")
    for up, slash, steps in product(UP, SLASH, (1, 6)):
        path = start.format(run.id) + (up + slash) * steps + target.replace("/", slash)
        answer = client.get(path)
        assert answer.status_code in (400, 403, 404), path
        assert not re.search("SECRET|root:", answer.text), path


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..", ".hidden", "a" * 65, "a b", "a\n", "nobody"])
@pytest.mark.parametrize("rest", ["stream", "log", "arrays/landscape-1"])
def test_an_id_that_is_no_run_is_not_found(client: TestClient, name: str, rest: str) -> None:
    answer = client.get(f"/api/runs/{name}/{rest}" if "\n" not in name else f"/api/runs/a%0a/{rest}")
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("name", ["..%2fconfig", "landscape.npz", "%2e%2e", "nothing"])
def test_an_array_that_is_none_is_not_found(client: TestClient, run: Run, name: str) -> None:
    assert client.get(f"/api/runs/{run.id}/arrays/{name}").status_code == 404


def test_an_array_is_json_with_null_for_nan(client: TestClient, run: Run) -> None:
    np.savez(run.path / "arrays" / "landscape-00000001.npz", loss=np.array([[1.5, np.nan]]), cosine=0.25)
    assert client.get(f"/api/runs/{run.id}/arrays/landscape-00000001").json() == {"loss": [[1.5, None]], "cosine": 0.25}


def test_an_array_that_is_damaged_is_named(client: TestClient, run: Run) -> None:
    for content in (b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"x" * 1000):
        (run.path / "arrays" / "landscape-00000001.npz").write_bytes(content)
        answer = client.get(f"/api/runs/{run.id}/arrays/landscape-00000001")
        assert answer.status_code == 404
        assert "landscape-00000001 is damaged" in answer.json()["problems"][0]["what"]


def test_the_list_tells_what_the_picker_shows(client: TestClient, script: Script) -> None:
    script.steps(1, 3, name="test/accuracy", factor=0.1)
    row = next(row for row in client.get("/api/runs").json() if row["id"] == script.run.id)
    assert (row["state"], row["method"], row["step"]) == ("running", "m-rwp", 3)
    assert row["accuracy"] == pytest.approx(0.3)


def test_the_end_of_the_log_is_plain_text(client: TestClient, run: Run) -> None:
    (run.path / "engine.log").write_bytes(b"x" * 100_000 + "<b>last line</b> \xff".encode("latin-1"))
    answer = client.get(f"/api/runs/{run.id}/log")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("xxx")
    assert "<b>last line</b>" in answer.text
    assert len(answer.text) < 70_000


def test_a_command_reaches_the_run(client: TestClient, script: Script) -> None:
    assert client.post(f"/api/runs/{script.run.id}/pause").status_code == 200
    assert [command["kind"] for command in script.run.commands.pending()] == ["pause"]


@pytest.mark.parametrize("route", ["/api/runs/{}/set", "/api/runs/{}/labels", "/api/queue/move", "/gradio_api/run/predict"])
def test_a_request_of_a_hundred_megabytes_is_refused(client: TestClient, run: Run, route: str) -> None:
    answer = client.post(route.format(run.id), content=b'{"data": "' + b"x" * 100_000_000 + b'"}')
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["what"] == "is too long"


@pytest.mark.parametrize("action", ["explode", "resume"])
def test_a_command_that_makes_no_sense_is_refused(client: TestClient, script: Script, action: str) -> None:
    script.steps(1, 1)
    answer = client.post(f"/api/runs/{script.run.id}/{action}")
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == "action"
    assert script.run.commands.pending() == []


def test_the_next_free_port_is_taken() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port) as second:
            assert second.getsockname()[1] > port


def test_page_names_no_other_host(client: TestClient, runs: Path) -> None:
    page = client.get("/").text
    theme = client.get("/theme.css").text
    assert "fonts.googleapis" not in page + theme
    assert "url(http" not in page + theme


def test_a_trace_is_downloaded_under_a_name_that_tells_the_run(client: TestClient, script: Script) -> None:
    (script.run.path / "traces").mkdir()
    (script.run.path / "traces" / "step-00000010.pt.trace.json.gz").write_bytes(b"trace")
    answer = client.get(f"/api/runs/{script.run.id}/traces/step-00000010.pt.trace.json.gz")
    assert answer.content == b"trace"
    assert f'filename="{script.run.id}-step-00000010.pt.trace.json.gz"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("name", ["step-00000011.pt.trace.json.gz", "..%2fconfig.json", "x"])
def test_a_trace_that_is_not_there_is_refused(client: TestClient, script: Script, name: str) -> None:
    assert client.get(f"/api/runs/{script.run.id}/traces/{name}").status_code == 404
