"""A run's folder: names, commands, records and locks."""

import json
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.experiment.schema import Experiment
from engine.files.atomic import write_atomically
from engine.runs.export import export
from engine.runs.reader import Reader
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from engine.training.trainer.recorder import Recorder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, Experiment(seed=7))


def test_a_new_run_holds_its_configuration(run: Run, tmp_path: Path) -> None:
    assert Run.open(tmp_path, run.id).experiment == Experiment(seed=7)
    assert [found.id for found in Run.all(tmp_path)] == [run.id]


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "", ".hidden", "x" * 65, "nobody", "a\0b", "ü"])
def test_malformed_and_unknown_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="there is no run"):
        Run.open(tmp_path, name)


def test_commands_stay_in_order_until_they_are_dropped(run: Run) -> None:
    asked = [run.commands.send("pause"), run.commands.send("resume"), run.commands.send("stop")]
    assert [command["id"] for command in run.commands.pending()] == asked
    for command in run.commands.pending()[:2]:
        run.commands.remove(command)
    assert [command["id"] for command in run.commands.pending()] == asked[2:]


def test_a_command_that_is_no_json_does_not_stop_the_others(run: Run) -> None:
    (run.path / "commands" / "0.json").write_text("{")
    run.commands.send("stop")
    assert [command["kind"] for command in run.commands.pending()] == ["unreadable", "stop"]


@pytest.mark.parametrize("name", ["kind", "step", "self"])
def test_what_is_told_of_an_event_may_be_called_anything(run: Run, name: str) -> None:
    """A command carries what somebody has sent, and its refusal tells of it."""
    recorder = Recorder(run)
    recorder.event("refused", **{name: "x"})
    recorder.event_of(3, "landscape", **{name: "y"})
    recorder.close()
    assert [(event.step, event.data) for event in run.records.events()] == [(0, {name: "x"}), (3, {name: "y"})]


def test_only_one_engine_holds_the_lock(run: Run) -> None:
    assert not run.is_locked()
    with run.lock():
        assert run.is_locked()
        with pytest.raises(Refused, match="already being trained"), run.lock():
            pass
    assert not run.is_locked()


def test_an_active_run_without_an_engine_is_interrupted(run: Run) -> None:
    writer = Writer(run.path / "run.db")
    writer.flush(Status(state="running", step=3))
    assert run.status().state == "interrupted"
    with run.lock():
        assert run.status().state == "running"
    writer.flush(Status(state="finished", step=9))
    assert run.status().state == "finished"
    writer.close()


def test_a_run_waits_until_its_engine_is_announced(run: Run) -> None:
    """Whoever starts it holds it for a moment before; it was never stopped."""
    (run.path / Run.WAITS).write_text("0")
    with run.lock():
        assert run.status().state == "queued"
        writer = Writer(run.path / "run.db")
        writer.flush(Status(state="starting"))
        assert run.status().state == "starting"
        writer.close()
    assert run.status().state == "queued"


def test_what_is_written_can_be_read_in_parts(tmp_path: Path) -> None:
    writer, reader = Writer(tmp_path / "run.db"), Reader(tmp_path / "run.db")
    writer.metrics(1, 0.5, {"train/loss": 2.0, "train/lr": 0.1})
    writer.event(1, "checkpoint", file="x")
    assert reader.metrics() == []
    writer.flush(Status(step=1))
    first = reader.metrics()
    assert [(m.step, m.name, m.value, m.seconds) for m in first] == [(1, "train/loss", 2.0, 0.5), (1, "train/lr", 0.1, 0.5)]
    writer.metrics(2, 0.7, {"train/loss": 1.0})
    writer.flush(Status(step=2))
    assert [m.step for m in reader.metrics(after=first[-1].id)] == [2]
    assert [(event.kind, event.data) for event in reader.events()] == [("checkpoint", {"file": "x"})]
    assert reader.status().step == 2
    writer.cut(1)
    assert {m.step for m in reader.metrics()} == {1}
    writer.close()


def test_reading_where_nothing_was_written(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "none.db")
    assert (reader.metrics(), reader.events(), reader.status().state) == ([], [], "stopped")


def test_export_is_plain_json(run: Run) -> None:
    writer = Writer(run.path / "run.db")
    writer.metrics(1, 0.1, {"test/accuracy": 0.9})
    writer.metrics(2, 0.2, {"test/accuracy": 0.8})
    writer.flush(Status(state="finished"))
    writer.close()
    exported = json.loads(json.dumps(export(run)))
    assert exported["metrics"] == {"test/accuracy": [[1, 0.9], [2, 0.8]]}
    assert exported["summary"] == {"test/accuracy": 0.8, "test/best_accuracy": 0.9}
    assert exported["config"]["seed"] == 7


def test_atomic_writing_leaves_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"old")
    write_atomically(tmp_path / "a", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"new")]


@pytest.mark.parametrize("column", ["step", "name", "seconds"])
def test_metrics_that_nobody_has_written_are_damage(run: Run, column: str) -> None:
    writer = Writer(run.path / "run.db")
    writer.metrics(1, 0.1, {"test/accuracy": 0.9})
    writer.flush(Status())
    writer._db.execute(f"UPDATE metric SET {column} = NULL")
    writer.close()
    with pytest.raises(Refused, match="is damaged"):
        run.records.metrics()
    assert not run.records.is_whole()
    aside = Writer(run.path / "run.db")
    aside.flush(Status())
    aside.close()
    (told,) = run.records.events()
    assert (told.kind, run.records.metrics()) == ("damaged records", [])
    assert (run.path / told.data["kept_as"]).exists()


@pytest.mark.parametrize("data", ["[1]", "7", '"x"', "null", "{"])
def test_an_event_that_tells_no_table_is_damage(run: Run, data: str) -> None:
    writer = Writer(run.path / "run.db")
    writer.event(1, "checkpoint")
    writer.flush(Status(state="stopped"))
    assert run.records.is_whole()
    writer._db.execute("UPDATE event SET data = ?", (data,))
    writer.close()
    assert not run.records.is_whole()
    with pytest.raises(Refused, match="is damaged"):
        run.records.events()


def test_many_runs_of_one_second_have_names_of_their_own(tmp_path: Path) -> None:
    names = [Run.create(tmp_path, Experiment()).id for _ in range(600)]
    assert len(set(names)) == len(names) == len(Run.all(tmp_path))
