"""A studio without a network, and runs written by hand."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from engine.experiment import Experiment
from engine.run import Run
from studio.server import create_app
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
    async def make() -> FastAPI:  # inside a running loop, or else Gradio leaves one of its own behind
        return create_app(runs, runs / "data", {"testserver"})

    with TestClient(asyncio.run(make()), raise_server_exceptions=False) as client:
        yield client
