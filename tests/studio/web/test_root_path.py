"""The studio behind a proxy: who is let in there, and where its addresses lead."""

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from engine.errors import Refused
from studio.web.address import outer
from studio.web.gradio_gate import Gate
from studio.web.guard import Guard
from studio.web.root_path import Proxied, root_path

BELOW = "/lab/studio"
PATHS = ["/", "/config", "/api/runs", "/ui/monitor/main.js", "/ui/plotly.min.js", "/gradio_api/queue/join"]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
HOSTS = ["127.0.0.1:7860", "lab.example:8080", "LAB.example", "localhost"]
OWN = ["http://lab.example:8080", "https://lab.example:8080"]


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells what reaches the studio."""
    request = Request(scope)
    told = {"path": request.url.path, **{name: value for name, value in request.headers.items() if name.startswith("x-")}}
    await JSONResponse(told)(scope, receive, send)


@pytest.fixture
def client() -> TestClient:
    """What is behind a proxy that shows it below a path of lab.example:8080."""
    guarded = Guard(mirror, hosts={"localhost", "127.0.0.1", "::1"}, outer=["lab.example:8080"])
    return TestClient(Proxied(guarded, BELOW, ["lab.example:8080"]))


@pytest.mark.parametrize("below", ["", BELOW])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_whoever_is_foreign_is_refused(client: TestClient, method: str, path: str, below: str) -> None:
    for host in ("evil.example", "lab.example.evil.example", "", "10.0.0.7"):
        assert client.request(method, below + path, headers={"host": host}).status_code == 400
    for host in HOSTS:
        for origin in (
            "http://evil.example",
            "null",
            "http://lab.example",
            "http://lab.example:1",
            "http://[",
            "http://localhost:1",
        ):
            headers = {"host": host, "origin": origin}
            assert client.request(method, below + path, headers=headers).status_code == 403 or origin == f"http://{host}"
        for site in ("cross-site", "same-site"):
            headers = {"host": host, "sec-fetch-site": site, "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
            assert client.request(method, below + path, headers=headers).status_code == 403


@pytest.mark.parametrize("below", ["", BELOW])
@pytest.mark.parametrize("host", HOSTS)
def test_its_own_page_is_welcome_whatever_host_the_proxy_tells(client: TestClient, host: str, below: str) -> None:
    for origin in OWN:
        headers = {"host": host, "origin": origin, "sec-fetch-site": "same-origin"}
        assert client.post(f"{below}/api/runs/x/pause", headers=headers).json()["path"] == "/api/runs/x/pause"


def test_a_link_to_the_front_page_may_be_followed(client: TestClient) -> None:
    headers = {"host": "localhost", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get(f"{BELOW}/", headers=headers).status_code == 200
    assert client.get(BELOW, headers=headers).status_code == 200
    assert client.get(f"{BELOW}/api/runs", headers=headers).status_code == 403


@pytest.mark.parametrize("path", [BELOW, BELOW * 2, BELOW * 3, ""])
@pytest.mark.parametrize("route", ["upload", "file=/etc/passwd", "proxy=http://evil.example"])
def test_what_is_shut_stays_shut_below_it(path: str, route: str) -> None:
    guarded = Guard(Gate(mirror, events={}), hosts={"localhost"}, outer=["lab.example:8080"])
    client = TestClient(Proxied(guarded, BELOW, ["lab.example:8080"]))
    assert client.get(f"{path}/", headers={"host": "localhost"}).status_code == 200
    assert client.get(f"{path}/gradio_api/{route}", headers={"host": "localhost"}).status_code == 404


def test_nobody_says_by_a_header_where_the_page_is(client: TestClient) -> None:
    headers = {"x-forwarded-host": "evil.example", "x-forwarded-prefix": "/evil", "x-gradio-server": "http://evil.example"}
    told = client.get("/", headers={"host": "localhost", **headers}).json()
    assert told == {"path": "/", "x-gradio-server": "/"}
    for outer_names, server in (([], {}), (["lab.example"], {"x-gradio-server": "http://lab.example"})):
        plain = TestClient(Proxied(mirror, "", outer_names))
        assert plain.get("/", headers=headers).json() == {"path": "/", **server}
    assert client.get("/laboratory", headers={"host": "localhost"}).json()["path"] == "/laboratory"


@pytest.mark.parametrize(
    ("given", "path"),
    [("", ""), ("/", ""), ("lab", "/lab"), ("/lab/", "/lab"), ("//lab//a_b-c.d/", "/lab/a_b-c.d"), ("/~me", "/~me")],
)
def test_a_root_path_is_written_in_many_ways(given: str, path: str) -> None:
    assert root_path(given) == path


@pytest.mark.parametrize("given", ["/a b", "/a/../b", "https://lab.example/a", '/a"><script>', "/a?b", "/%2e%2e"])
def test_what_is_no_path_is_refused(given: str) -> None:
    with pytest.raises(Refused, match="--root-path"):
        root_path(given)


def test_names_of_hosts() -> None:
    assert [outer(name) for name in ("Lab.example", "lab:80", "10.0.0.7:8080", "[::1]:80")] == [
        "lab.example",
        "lab:80",
        "10.0.0.7:8080",
        "[::1]:80",
    ]
    for wrong in ("", "*", "https://lab.example", "lab.example/x", "a b", "lab:port", "me@lab", "lab:99999", "[::1"):
        with pytest.raises(Refused, match="--allowed-host"):
            outer(wrong)
