"""An engine that ends of itself says why, whatever it ended of, and names that are no UTF-8 are shown escaped."""

import errno
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine import __main__ as program
from engine.errors import Problem, Refused
from engine.experiment.schema import read
from engine.runs.run import KILLED, Run
from engine.runs.writer import Writer
from engine.training.trainer import trainer
from engine.training.trainer.recorder import Recorder
from studio.stream.feed import Feed
from tests.processes import SHORT

ENDS = {
    "an error": (RuntimeError("no such luck"), "the engine met an error of its own (RuntimeError: no such luck)"),
    "a name that is no UTF-8": (ValueError("caf\udce9.jpg"), "(ValueError: caf\\udce9.jpg)"),
    "torch does not load": (ImportError("libtorch.so"), "(ImportError: libtorch.so)"),
    "a full disk": (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
    "a refusal": (Refused(Problem("data.path", "is gone", "Put it back")), "is gone. Put it back"),
    "a locked database": (sqlite3.OperationalError("database is locked"), "(OperationalError: database is locked)"),
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, read(SHORT))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("place", ["training", "beginning"])
def test_an_engine_that_ends_of_itself_is_not_told_as_killed(
    run: Run, end: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error, words = ENDS[end]

    def failing(*_: object) -> Any:
        raise error

    if place == "training":
        monkeypatch.setattr(trainer, "train", failing)
    else:
        monkeypatch.setattr(Recorder, "__init__", failing)
    feed = Feed(run)
    feed.refresh()
    with suppress(RuntimeError, ValueError, ImportError, OSError, sqlite3.Error):  # which end the process
        assert program.main([str(run.path)]) == 2
    status = run.status()
    assert (status.state, KILLED in status.message) == ("failed", False)
    assert words in status.message
    assert feed.refresh()
    orjson.loads(feed.message("")[1].partition(b"data: ")[2])


def test_the_next_engine_begins_anew(run: Run) -> None:
    run.report_last(Problem("", "something", "A cure"))
    assert run.status().state == "failed"
    with run.lock():
        assert run.status().state == "stopped"
        recorder = Recorder(run)
        recorder.begin()
        recorder.close()
    assert (run.status().state, run.status().message) == ("interrupted", KILLED)


def test_a_run_that_is_being_trained_already_keeps_its_status(run: Run) -> None:
    with run.lock():
        assert program.main([str(run.path)]) == 2
    assert run.status().state == "stopped"


def test_what_is_no_utf8_is_shown_escaped(run: Run) -> None:
    recorder = Recorder(run)
    recorder.event("image left out", file="caf\udce9.jpg", more=["\ud800", {"\udcff": 1}])
    recorder.update_status(message="Reading caf\udce9/", remedy={"data.path": "\udce9"})
    recorder.close()
    writer = Writer(run.path / "run.db")  # as an engine of before wrote it
    writer.event(0, "image left out", file="na\udcefve.jpg")
    writer.flush(run.records.status())
    writer.close()
    feed = Feed(run)
    feed.refresh()
    told = orjson.loads(feed.message("")[1].partition(b"data: ")[2])
    assert told["status"]["message"] == "Reading caf\\udce9/"
    assert [event["data"].get("file") for event in told["events"]] == ["caf\\udce9.jpg", "na\\udcefve.jpg"]
