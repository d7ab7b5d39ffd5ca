"""What a network reads in a drawing, through the route and the process behind it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.errors import Refused
from engine.experiment.schema import Experiment
from engine.runs.run import Run
from studio.queries import drawing
from studio.queries.drawing import DrawingReader
from tests.engine.runs.test_lineage import trained

INK = [[float(24 < column < 40) for column in range(64)] for _ in range(64)]


@pytest.fixture
def reader() -> Iterator[DrawingReader]:
    reader = DrawingReader()
    yield reader
    reader.close()


def test_one_process_answers_until_another_run_is_asked(reader: DrawingReader, tmp_path: Path) -> None:
    one, other = trained(tmp_path, seed=0), trained(tmp_path, seed=1)
    first = reader.read(one, INK)
    process = reader._process
    assert len(first["probabilities"]) == 10
    assert reader.read(one, INK) == first
    assert reader._process is process
    assert reader.read(other, INK) != first
    assert process is not None
    assert process.poll() is not None


def test_one_that_was_killed_is_started_again(reader: DrawingReader, tmp_path: Path) -> None:
    run = trained(tmp_path)
    first = reader.read(run, INK)
    assert reader._process
    reader._process.kill()
    reader._process.wait()
    assert reader.read(run, INK) == first


def test_one_that_nobody_draws_for_ends(reader: DrawingReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "IDLE_SECONDS", 0.05)
    reader.read(trained(tmp_path), INK)
    deadline = time.monotonic() + 60
    while reader._process:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_cannot_be_read_is_refused(reader: DrawingReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="has no checkpoint yet"):
        reader.read(Run.create(tmp_path, Experiment()), INK)
    monkeypatch.setattr(drawing, "python", lambda _module: ["false"])
    with pytest.raises(Refused, match="could not read it"):
        reader.read(Run.create(tmp_path, Experiment(seed=1)), INK)


@pytest.mark.parametrize("ink", [[], [[0.0] * 64] * 63, [[2.0] * 64] * 64, [["x"] * 64] * 64, "ink", None], ids=str)
def test_a_drawing_is_64_rows_of_64_numbers(client: TestClient, runs: Path, ink: Any) -> None:
    run = Run.create(runs, Experiment())
    answer = client.post(f"/api/runs/{run.id}/read", content=json.dumps({"ink": ink}))
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"].startswith("ink")


def test_the_route_answers(client: TestClient, runs: Path) -> None:
    answer = client.post(f"/api/runs/{trained(runs).id}/read", json={"ink": INK}).json()
    assert answer["step"] == 16
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)
    client.app.state.reader.close()  # type: ignore[attr-defined]
