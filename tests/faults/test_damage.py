"""Bits that flip, files that are cut off or emptied: what is damaged is named, and the rest goes on."""

import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi import FastAPI
from fastapi.testclient import TestClient

from engine.errors import Refused
from engine.experiment import read
from engine.run import Run
from studio import api, lineage_routes, queue_routes
from studio.feed import Feed
from studio.live import Hub
from tests.faults.forms import counts
from tests.faults.test_killed_engine import CONFIG, assert_the_same
from tests.faults.warm import Warm
from tests.processes import weights_at_end

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


def newest(run: Run, ending: str) -> Path:
    return max((run.path / "checkpoints").glob(f"*.{ending}"))


FILES: dict[str, Callable[[Run], Path]] = {
    "checkpoint": lambda run: newest(run, "pt"),
    "digest": lambda run: newest(run, "sha256"),
    "database": lambda run: run.path / "run.db",
    "log of the database": lambda run: run.path / "run.db-wal",
    "configuration": lambda run: run.path / "config.json",
}


class Case:
    """A run that was interrupted and one that has finished, in one folder that is made anew for every damage."""

    def __init__(self, warm: Warm, folder: Path) -> None:
        self.warm, self._pristine, self.runs = warm, folder / "pristine", folder / "runs"
        self._pristine.mkdir()
        self.undisturbed, broken_off = (Run.create(self._pristine, read(CONFIG)) for _ in range(2))
        assert warm.wait(warm.start(self.undisturbed)) == 0
        while broken_off.status().state != "interrupted" or broken_off.status().step < 30:
            pid = warm.start(broken_off)
            while broken_off.status().step < 30:
                pass
            warm.kill(pid)
        assert broken_off.status().step < broken_off.status().steps
        self._id = broken_off.id
        self.client = TestClient(pages(self.runs))

    def anew(self) -> Run:
        shutil.rmtree(self.runs, ignore_errors=True)
        shutil.copytree(self._pristine, self.runs)
        return Run(self.runs / self._id)


def pages(runs: Path) -> FastAPI:
    """The routes of the studio, without its page."""
    app = FastAPI()
    app.add_exception_handler(Refused, api.refusal)
    app.add_exception_handler(OSError, api.unwritten)
    for router in (queue_routes.routes(runs, runs), lineage_routes.routes(runs, runs), api.routes(runs, runs, Hub())):
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
    """Whether a damage was noticed, which only one to the database may not be; the training has come to its end all the same."""
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


@counts(15, 2000, minutes=90)
def test_damaged_files(case: Case, figure: Any, count: int) -> None:
    draws, noticed, silent, harmless = random.Random(count), Counter[str](), Counter[str](), 0
    for _ in range(count):
        run, kind, damage = case.anew(), draws.choice(list(FILES)), draws.choice(list(DAMAGES))
        file = FILES[kind](run)
        before = file.read_bytes()
        file.write_bytes(after := DAMAGES[damage](Content(before), draws))
        if after == before:
            continue
        assert_the_studio_copes(case, run)
        if assert_named(case, run, file, kind):
            noticed[kind] += 1
        elif run.export()["metrics"] == case.undisturbed.export()["metrics"]:
            harmless += 1
        else:
            silent[damage] += 1
    figure(f"{noticed.total()} damages named: {dict(noticed)}; {harmless} to a database changed nothing")
    figure(f"{silent.total()} changed a number in a database without being noticed: {dict(silent)}")
