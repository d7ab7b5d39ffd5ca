"""A list of runs reads what has changed and nothing else, and stands whatever is in them."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refused
from engine.experiment.schema import read
from engine.runs.lineage import replay
from engine.runs.reader import Reader
from engine.runs.run import Run
from engine.runs.status import State, Status
from engine.runs.writer import Writer
from engine.training.trainer.control import Control
from engine.training.trainer.recorder import Recorder
from studio.queries.change_history import History, groups
from studio.queries.listing import Listing
from tests.processes import SHORT


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, read(SHORT))


def write(run: Run, state: State, *events: tuple[str, dict[str, Any]]) -> None:
    writer = Writer(run.path / "run.db")
    for kind, data in events:
        writer.event(1, kind, **data)
    writer.flush(Status(state=state, step=1, steps=100))
    writer.close()


@pytest.mark.parametrize("state", ["running", "paused", "finished"])
def test_an_unchanged_run_is_not_read_again(run: Run, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    write(run, state, *[("changed", {"path": "method.sigma", "new": 0.001 * i}) for i in range(1, 50)])
    listing = Listing(run.path.parent)
    (before,) = listing.entries()
    listing.entries()  # the first reading has left SQLite's own files beside the database
    assert before.experiment.method.model_dump()["sigma"] == 0.049

    def refuse(*_: object) -> Any:
        raise AssertionError("it was read again")

    monkeypatch.setattr(Reader, "events", refuse)
    (after,) = listing.entries()
    assert after.experiment == before.experiment
    assert after.status.state == ("finished" if state == "finished" else "interrupted")
    with run.lock():
        (held,) = listing.entries()
    assert held.status.state == state


def test_two_may_ask_at_a_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One finds the run gone while the other, in the midst of its answer, has seen it."""
    write(run, "finished")
    listing = Listing(run.path.parent)
    other = threading.Thread(target=listing.entries)

    def names(histories: dict[str, History]) -> dict[str, str]:
        if run.id in histories:
            run.path.rename(f"{run.path.parent}-elsewhere")
            other.start()
            other.join(0.5)  # it ends within, or waits for its turn
        return groups(histories)

    monkeypatch.setattr("studio.queries.listing.groups", names)
    assert [entry.run.id for entry in listing.entries()] == [run.id]
    other.join()
    assert listing.entries() == []


@pytest.mark.parametrize("odd", [[1], {"a": 1}, 7, None])
def test_an_event_whose_id_is_no_name_does_not_end_an_engine(run: Run, odd: object) -> None:
    write(run, "stopped", ("command", {"id": odd}), ("refused", {"id": "1-abc"}))
    with run.lock():
        recorder = Recorder(run)
        control = Control(run, recorder)
        recorder.close()
    assert control._answered == {"1-abc"}


def broken(run: Run) -> None:
    with (run.path / "run.db").open("r+b") as file:
        file.write(b"no database at all")


def without_sense(run: Run) -> None:
    write(run, "stopped", ("changed", {"path": "method.sigma"}))


def rewritten(run: Run, data: str) -> None:
    write(run, "stopped", ("changed", {"path": "method.sigma", "new": 0.02}))
    with closing(sqlite3.connect(run.path / "run.db")) as db, db:
        db.execute("UPDATE event SET data = ?", (data,))


def no_json(run: Run) -> None:
    rewritten(run, "{")


def no_object(run: Run) -> None:
    rewritten(run, "[1]")


def no_list_of_images(run: Run) -> None:
    (run.path / "data.json").mkdir()


@pytest.mark.parametrize("damage", [broken, without_sense, no_json, no_object, no_list_of_images])
def test_a_replay_that_cannot_be_leaves_nothing(run: Run, damage: Callable[[Run], None]) -> None:
    write(run, "finished")
    damage(run)
    try:
        made = replay(run)
    except Refused:
        assert [one.id for one in Run.all(run.path.parent)] == [run.id]
    else:
        assert made.records.status().step == 0
