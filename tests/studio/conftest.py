"""A studio without a network, and runs written by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine.experiment import Experiment
from engine.run import Run
from studio.server import create_app
from tests.studio.script import Script


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def run(runs: Path) -> Run:
    return Run.create(runs, Experiment())


@pytest.fixture
def script(run: Run) -> Iterator[Script]:
    script = Script(run)
    with run.lock():
        yield script
    script.writer.close()


@pytest.fixture
def client(runs: Path, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(runs, tmp_path / "data", {"testserver"}), raise_server_exceptions=False) as client:
        yield client
