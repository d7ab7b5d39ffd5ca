"""Bits that flip, files that are cut off or emptied: what is damaged is named, and the rest goes on."""

import os
import random
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi import FastAPI
from fastapi.testclient import TestClient

from engine.errors import Refused
from engine.experiment.schema import read
from engine.runs.checkpoints import Checkpoint, checkpoints
from engine.runs.export import export
from engine.runs.run import Run
from studio.queries.drawing import DrawingReader
from studio.queries.listing import Listing
from studio.stream.feed import Feed
from studio.stream.hub import Hub
from studio.web.errors import refusal, unwritable
from studio.web.routes.checkpoints import checkpoint_routes
from studio.web.routes.queue import queue_routes
from studio.web.routes.runs import run_routes
from tests.faults.forms import counts
from tests.faults.test_killed_engine import CONFIG, assert_the_same
from tests.faults.warm import Warm
from tests.processes import wait, weights_at_end

Content = bytearray


def flip(content: Content, draws: random.Random, bits: int = 1) -> Content:
    for _ in range(bits):
        content[draws.randrange(len(content))] ^= 1 << draws.randrange(8)
    return content


def overwrite(content: Content, draws: random.Random, byte: Callable[[], int]) -> Content:
    """Put other bytes in the place of up to 4096."""
    start = draws.randrange(len(content))
    for place in range(start, min(start + draws.randint(1, 4096), len(content))):
        content[place] = byte()
    return content


DAMAGES: dict[str, Callable[[Content, random.Random], Content]] = {
    "a bit flipped": flip,
    "64 bits flipped": lambda content, draws: flip(content, draws, 64),
    "cut off": lambda content, draws: content[: draws.randrange(len(content))],
    "empty": lambda content, draws: Content(),
    "zeros": lambda content, draws: overwrite(content, draws, lambda: 0),
    "noise": lambda content, draws: overwrite(content, draws, lambda: draws.randrange(256)),
}


def newest(run: Run) -> Checkpoint:
    return checkpoints(run.path / "checkpoints")[-1]


FILES: dict[str, Callable[[Run], Path]] = {
    "checkpoint": lambda run: newest(run).path,
    "digest": lambda run: newest(run).digest,
    "database": lambda run: run.path / "run.db",
    "log of the database": lambda run: run.path / "run.db-wal",
    "configuration": lambda run: run.path / "config.json",
}


class Case:
    """A run that has finished and two that have not, one killed and one stopped, in a folder that is made anew each time."""

    def __init__(self, warm: Warm, folder: Path) -> None:
        self.warm, self._pristine, self.runs = warm, folder / "pristine", folder / "runs"
        self._pristine.mkdir()
        self.undisturbed, self._killed, self._stopped = (Run.create(self._pristine, read(CONFIG)) for _ in range(3))
        assert warm.wait(warm.start(self.undisturbed)) == 0
        warm.kill(self._engine_near_the_end(self._killed))
        os.kill(engine := self._engine_near_the_end(self._stopped), signal.SIGTERM)
        assert warm.wait(engine) == 130
        assert self._stopped.status().step < self._stopped.status().steps
        self.client = TestClient(pages(self.runs))

    def _engine_near_the_end(self, run: Run) -> int:
        engine = self.warm.start(run)
        run.commands.send("pace", per_second=20)
        wait(run, lambda status: status.step > 50)
        return engine

    def anew(self, kind: str) -> Run:
        """The run to damage: the killed one has all it recorded in the log of its database, the stopped one in the database."""
        shutil.rmtree(self.runs, ignore_errors=True)
        shutil.copytree(self._pristine, self.runs)
        return Run(self.runs / (self._stopped if kind == "database" else self._killed).id)


def pages(runs: Path) -> FastAPI:
    """The routes of the studio, without its page."""
    app = FastAPI()
    app.add_exception_handler(Refused, refusal)
    for fault in (OSError, sqlite3.Error):
        app.add_exception_handler(fault, unwritable)
    of_runs = run_routes(runs, runs, Hub(), Listing(runs), DrawingReader())
    for router in (queue_routes(runs, runs), checkpoint_routes(runs, runs), of_runs):
        app.include_router(router)
    return app


@pytest.fixture(scope="module")
def case(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(warm, tmp_path_factory.mktemp("damage"))


def assert_the_studio_copes(case: Case, run: Run) -> None:
    """Every page has an answer, and the other run is there."""
    rows = {row["id"]: row for row in case.client.get("/api/runs").json()}
    assert rows[case.undisturbed.id]["state"] == "finished"
    for page in ("checkpoints", "paper", "group", "live", "log"):
        answer = case.client.get(f"/api/runs/{run.id}/{page}")
        assert answer.status_code in (200, 400), (page, answer.text)
    feed = Feed(run)
    feed.refresh()
    feed.message("")


def resumed(case: Case, run: Run) -> int:
    """Train the run on; returns the exit code of the engine, which has not shown a traceback."""
    code = case.warm.wait(case.warm.start(run))
    log = (run.path / "engine.log").read_text()
    assert "Traceback" not in log, log
    return code


def told(run: Run) -> dict[str, Any]:
    """The last event of each kind."""
    return {event.kind: event.data for event in run.records.events()}


def assert_named(case: Case, run: Run, file: Path, kind: str) -> bool:
    """Whether a damage was told, which only one to the database may not be; the training has come to its end all the same."""
    if kind == "configuration":
        assert resumed(case, run) == 2
        assert "config.json" in (run.path / "engine.log").read_text()
        return True
    assert resumed(case, run) == 0
    assert torch.equal(weights_at_end(run), weights_at_end(case.undisturbed))
    events = told(run)
    if kind in ("checkpoint", "digest"):
        assert events["damaged checkpoint"] == {"file": file.with_suffix(".pt").name}
        assert_the_same(run, case.undisturbed)
        return True
    return "damaged records" in events or "records lost" in events


def damaged(case: Case, draws: random.Random) -> str:
    """Damage one file, see what the studio and an engine make of that, and tell the outcome."""
    kind, damage = draws.choice(list(FILES)), draws.choice(list(DAMAGES))
    run = case.anew(kind)
    file = FILES[kind](run)
    before = after = file.read_bytes()
    while after == before:
        after = bytes(DAMAGES[damage](Content(before), draws))
    file.write_bytes(after)
    assert_the_studio_copes(case, run)
    if assert_named(case, run, file, kind):
        return f"{kind} named"
    return "harmless" if export(run)["metrics"] == export(case.undisturbed)["metrics"] else f"{damage} unnoticed"


@counts(10, 2000, minutes=90)
def test_damaged_files(case: Case, figure: Any, count: int) -> None:
    draws = random.Random(count)
    outcomes = Counter(damaged(case, draws) for _ in range(count))
    figure(f"{count} damages: {dict(outcomes.most_common())}")
