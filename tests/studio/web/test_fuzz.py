"""Whatever a person can send is answered, and never with an error of the studio's own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.experiment.schema import Experiment
from engine.launch import engine_process
from engine.launch.actions import ACTIONS
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from studio.web.server import create_app

SHORT, LONG = 700, 2000
FORMS = [SHORT, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]

KEYS = (
    st.sampled_from(["self", "kind", "id", "cls", "run", "name", "given", "changes", "step", "methods", "epochs", "per_second"])
    | st.sampled_from(["position", "tags", "note", "star", "runs", "cpu", "method.sigma", "schedule.epochs", "a.b.c"])
    | st.text(max_size=8)
)
ODD = st.sampled_from(["a" * 300, "/" + "a" * 300, "/a/" * 2000, "\0", "/root\0", "~", "~nobody/x", "-1", "1e999", "9" * 4000])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | ODD
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8)
NAMES = st.sampled_from(["x" * 300, "%00", "..", "%2e%2e%2f", "%ff", ".hidden", "landscape-00000001"]) | st.text(max_size=20).map(
    lambda text: quote(text.encode("utf-8", "surrogatepass"), safe="")
)
ASKED = ["queue/move", "queue/start", "queue/at_once", "trash/empty", "trash/{}/restore", "import", "nothing/{}"] + [
    f"runs/{{}}/{action}" for action in (*ACTIONS, "labels", "fork", "replay", "pin", "unpin", "explode")
]
SHOWN = [f"/api/{name}" for name in ("runs", "gallery", "queue", "actions", "storage")] + [
    *(f"/api/runs/{{}}/{name}" for name in ("arrays/{}", "traces/{}", "paper", "group", "log", "live", "zip", "checkpoints")),
    *("/static/{}", "/static/img/{}", "/assets/{}", "/ui/{}", "/{}", "/gradio_api/{}", "/gradio_api/run/{}", "/theme.css"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "runs"


@pytest.fixture(scope="module")
def names(folder: Path) -> Iterator[Any]:
    """Names of runs: one that waits, one that trains, one that has ended, and what is none."""
    made = [Run.create(folder, Experiment()) for _ in range(3)]
    for run, state in zip(made[1:], ("running", "finished"), strict=True):
        writer = Writer(run.path / "run.db")
        writer.flush(Status.model_validate({"state": state, "step": 3, "steps": 9}))
        writer.close()
        np.savez(run.path / "arrays" / "landscape-00000001.npz", loss=np.zeros((2, 2)))
    with made[1].lock():
        yield st.sampled_from([run.id for run in made]) | NAMES


@pytest.fixture(scope="module")
def studio(folder: Path) -> Iterator[TestClient]:
    """A studio that starts no engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_process, "start", lambda *_: None)
        app = create_app(folder, folder.parent / "data", {"testserver"})
        with TestClient(app, raise_server_exceptions=False) as studio:
            assert studio.get("/").is_success
            yield studio


def tried(test: Any, examples: int) -> None:
    """Call `test` with what Hypothesis thinks of: always the same in the short form."""
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    manner = settings(
        max_examples=examples, deadline=None, database=None, derandomize=examples == SHORT, suppress_health_check=checks
    )
    manner(given(st.data())(test))()


def encoded(value: object) -> bytes:
    """JSON with all that Python can put into it: NaN, half characters, numbers of any size."""
    return json.dumps(value).encode()


@pytest.mark.parametrize("examples", FORMS)
def test_whatever_is_asked_of_a_run(studio: TestClient, names: Any, examples: int) -> None:
    def test(data: Any) -> None:
        route = data.draw(st.sampled_from(ASKED)).format(data.draw(names))
        body = data.draw(st.dictionaries(KEYS, JSON, max_size=4) | JSON)
        assert studio.post(f"/api/{route}", content=encoded(body)).status_code < 500

    tried(test, examples)


@pytest.mark.parametrize("examples", FORMS)
def test_whatever_is_in_the_form(studio: TestClient, examples: int) -> None:
    config = studio.get("/config").json()
    values = {component["id"]: component["props"].get("value") for component in config["components"]}
    choices = st.sampled_from(["folder", "imagenet", "sam", "lpf-sgd", "vgg16-bn", "cifar100", "yes"])
    at_once = [event for event in config["dependencies"] if event["backend_fn"] and not event["queue"]]

    def test(data: Any) -> None:
        event = data.draw(st.sampled_from(at_once))
        given = [values.get(field) for field in event["inputs"]]
        for _ in range(data.draw(st.integers(0, 5)) if given else 0):
            given[data.draw(st.integers(0, len(given) - 1))] = data.draw(PLAIN | choices)
        body = {"data": given, "fn_index": event["id"], "session_hash": "abc"}
        assert studio.post("/gradio_api/run/predict", content=encoded(body)).status_code < 500

    tried(test, examples)


@pytest.mark.parametrize("examples", FORMS)
def test_whatever_is_looked_up(studio: TestClient, names: Any, examples: int) -> None:
    def test(data: Any) -> None:
        route = data.draw(st.sampled_from(SHOWN)).format(data.draw(names), data.draw(names))
        assert studio.get(route).status_code < 500

    tried(test, examples)


@pytest.mark.parametrize("key", ["self", "kind", "id", "step", "data"])
@pytest.mark.parametrize("action", ["pause", "stop", "checkpoint", "pace", "step", "evaluate", "trace", "landscape"])
def test_no_key_of_a_command_is_one_of_ours(studio: TestClient, names: Any, folder: Path, action: str, key: str) -> None:
    run = next(run for run in Run.all(folder) if run.status().state == "running")
    before = run.commands.pending()
    answer = studio.post(f"/api/runs/{run.id}/{action}", json={key: 1})
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == key
    assert run.commands.pending() == before


@pytest.mark.parametrize("path", ["/static/", "/static/img/", "/assets/", "/ui/", "/", "/gradio_api/heartbeat/"])
@pytest.mark.parametrize("name", ["x" * 300, "a%00b", "x/" * 3000])
def test_a_name_that_no_disk_has_is_not_found(studio: TestClient, path: str, name: str) -> None:
    assert studio.get(path + name).status_code == 404
