"""A studio without a network, and runs written by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine.experiment.schema import Experiment
from engine.runs.run import Run
from studio.web.server import create_app
from tests.studio.script import Script


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def run(runs: Path) -> Run:
    return Run.create(runs, Experiment())


@pytest.fixture
def script(run: Run) -> Iterator[Script]:
    script = Script(run)
    with run.lock():
        yield script
    script.writer.close()


@pytest.fixture(scope="session")
def client(runs: Path) -> Iterator[TestClient]:
    with TestClient(create_app(runs, runs / "data", {"testserver"}), raise_server_exceptions=False) as client:
        assert client.get("/").is_success  # it is loaded: other tests lay out blocks of Gradio, which has one place for them
        yield client
