"""What the browser fetches is small, and it fetches it once."""

import gzip
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from studio.pages.scripts import FOR_EVER, place, scripts
from studio.ui_files import PLOTLY, UI

OURS = sorted(path.relative_to(UI).as_posix() for path in UI.rglob("*") if path.suffix in (".js", ".css"))
NAMES = [*OURS, PLOTLY.name]
CONTENTS = {name: (PLOTLY if name == PLOTLY.name else UI / name).read_bytes() for name in NAMES}


def raw(client: TestClient, path: str, encoding: str) -> tuple[bytes, dict[str, str]]:
    with client.stream("GET", path, headers={"accept-encoding": encoding}) as answer:
        assert answer.status_code == 200
        return b"".join(answer.iter_raw()), dict(answer.headers)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_compressed_and_kept_for_ever(client: TestClient, name: str) -> None:
    content, headers = raw(client, f"{place('')}/{name}", "gzip, br")
    assert (headers["content-encoding"], headers["cache-control"]) == ("gzip", FOR_EVER)
    assert headers["vary"] == "accept-encoding"
    assert gzip.decompress(content) == CONTENTS[name]
    plain, headers = raw(client, f"{place('')}/{name}", "identity")
    assert "content-encoding" not in headers
    assert plain == CONTENTS[name]


@pytest.mark.parametrize("place", ["/ui", "/ui/0123456789ab"])
def test_an_older_page_gets_what_there_is_and_asks_again(client: TestClient, place: str) -> None:
    answer = client.get(f"{place}/monitor/main.js")
    assert (answer.content, answer.headers["cache-control"]) == (CONTENTS["monitor/main.js"], "no-cache")


@pytest.mark.parametrize(
    "name", ["nothing.js", "gallery/page.html", "..%2fui/gallery/page.html", "%2e%2e", "monitor", "monitor/main.js%00"]
)
def test_there_is_nothing_else(client: TestClient, name: str) -> None:
    assert client.get(f"{place('')}/{name}").status_code == 404


def test_pages_name_the_present_version_and_are_compressed(client: TestClient) -> None:
    for path in ("/", "/runs", "/gallery"):
        content, headers = raw(client, path, "gzip")
        text = gzip.decompress(content).decode()
        assert headers["content-encoding"] == "gzip"
        assert len(content) < len(text) / 3
        assert set(re.findall(r"/ui/([0-9a-f]{12})/", text)) == {scripts().version}
        assert not re.search(r"""/ui/[a-z/-]+\.(js|css)""", text)


def test_what_gradio_names_by_its_contents_is_compressed_and_kept_for_ever(client: TestClient) -> None:
    names = re.findall(r"/assets/[\w-]+\.(?:js|css)", client.get("/").text)
    assert {name.rpartition(".")[2] for name in names} >= {"js", "css"}
    for name in names:
        _, headers = raw(client, name, "gzip")
        assert (headers["content-encoding"], headers["cache-control"]) == ("gzip", FOR_EVER)
    for name in ("/assets/index-00000000.js", "/static/img/logo.svg", "/theme.css", "/"):
        assert "cache-control" not in client.get(name).headers


def test_the_version_changes_with_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OURS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((UI / name).read_bytes())
    monkeypatch.setattr("studio.pages.scripts.UI", tmp_path)
    scripts.cache_clear()
    try:
        seen = {scripts().version}
        for path in [tmp_path / name for name in OURS[:5]]:
            path.write_bytes(path.read_bytes() + b"\n")
            scripts.cache_clear()
            seen.add(scripts().version)
        assert len(seen) == 6
    finally:
        scripts.cache_clear()


def test_what_is_streamed_is_not_held_back(client: TestClient, run: object) -> None:
    name = run.id  # type: ignore[attr-defined]
    with client.stream("GET", f"/api/runs/{name}/zip", headers={"accept-encoding": "gzip"}) as answer:
        assert "content-encoding" not in answer.headers
        answer.read()
