"""The figures of the paper, and the plane of several runs, as a browser asks for them."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.runs.run import Run
from tests.engine.runs.test_lineage import trained
from tests.studio.cli.test_figure import made


def lines(client: TestClient, runs: list[str]) -> list[dict[str, Any]]:
    answer = client.post("/api/compare/plane", json={"runs": runs})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-encoding"] == "identity", "or no line would be sent before the last"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_figure_is_drawn_of_the_runs_that_are_named(client: TestClient, runs: Path) -> None:
    run, _other = made(runs, 0, name="sgd"), made(runs, 1, name="sam")
    drawn = client.post("/api/compare/figure", json={"runs": [run.id], "number": "2"}).json()
    assert {trace["name"] for trace in drawn["data"]} == {"sgd"}
    assert client.post("/api/compare/figure", json={"runs": [run.id], "number": "6"}).status_code == 400
    nothing = client.post("/api/compare/figure", json={"runs": [], "number": "2"})
    assert nothing.json()["problems"][0]["cure"] == "Choose runs that are evaluated"


def test_the_plane_is_told_as_it_is_measured(client: TestClient, runs: Path, tmp_path: Path) -> None:
    both = [trained(runs, seed=seed).id for seed in (0, 1)]
    *progress, last = lines(client, both)
    shares = [one["done"] for one in progress]
    assert shares == sorted(shares)
    assert len(shares) == 25
    surface, *places = last["figure"]["data"]
    assert len(surface["z"]) == len(surface["z"][0]) == 25
    assert len(places) == 2


def test_a_plane_that_cannot_be_is_refused(client: TestClient, runs: Path) -> None:
    one, other = trained(runs, seed=0).id, Run.create(runs, trained(runs, seed=1).experiment).id
    refused = client.post("/api/compare/plane", json={"runs": [one]})
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (400, "plane")
    (told,) = lines(client, [one, other])
    assert "has no whole checkpoint" in told["problems"][0]["what"]


def test_two_planes_are_not_measured_at_once(client: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [trained(runs, seed=seed).id for seed in (0, 1)]
    told: list[Any] = []

    def slow(*_: Any) -> Any:
        told.extend(lines(client, both))  # somebody else asks meanwhile
        yield {"done": 0.5}

    monkeypatch.setattr("studio.web.routes.comparison.measure_plane", slow)
    assert lines(client, both) == [{"done": 0.5}]
    assert told[0]["problems"][0]["what"] == "Another plane is being measured"
