"""The queue: order, room on a device, and never two engines for one run."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.experiment.schema import Experiment, read
from engine.launch import devices, engine_process, queue
from engine.launch.queue import SETTINGS, Queue
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer

Wait = Callable[[int], list[Run]]


@pytest.fixture
def waiting(tmp_path: Path, silent_engines: None, monkeypatch: pytest.MonkeyPatch) -> Wait:
    """waiting(n): n queued runs, whose engines are silent."""
    monkeypatch.setattr(devices, "accelerators", list)

    def make(count: int) -> list[Run]:
        runs = [Run.create(tmp_path / "runs", Experiment(seed=seed)) for seed in range(count)]
        Queue(tmp_path / "runs").add(*runs)
        return runs

    return make


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> "list[tuple[str, str]]":
    """The id and the device of every run that is started; the engines are killed at the end."""
    seen: list[tuple[str, str]] = []
    start, processes = engine_process.start, []

    def watched(run: Run, data: Path, device: str = "") -> object:
        processes.append(start(run, data, device))
        seen.append((run.id, device))
        return processes[-1]

    monkeypatch.setattr(queue.engine_process, "start", watched)
    yield seen  # type: ignore[misc]
    for process in processes:
        process.kill()
        process.wait(120)


def ids(runs: list[Run]) -> list[str]:
    return [run.id for run in runs]


def end(run: Run, state: str = "finished") -> None:
    """Pretend that the silent engine of a run has come to its end."""
    writer = Writer(run.path / "run.db")
    writer.flush(Status(state=state))  # type: ignore[arg-type]
    writer.close()


def test_runs_wait_in_the_order_in_which_they_came(waiting: Wait, tmp_path: Path) -> None:
    runs = waiting(4)
    lane = Queue(tmp_path / "runs")
    assert ids(lane.waiting()) == ids(runs)
    assert [run.status().state for run in runs] == ["queued"] * 4
    lane.move(runs[3], 0)
    lane.move(runs[0], 99)
    lane.add(runs[1])
    assert ids(lane.waiting()) == ids([runs[3], runs[1], runs[2], runs[0]])
    lane.remove(runs[1])
    assert runs[1].status().state == "stopped"
    assert ids(Queue(tmp_path / "runs").waiting()) == ids([runs[3], runs[2], runs[0]])
    for forbidden in (lambda: lane.remove(runs[1]), lambda: lane.move(runs[1], 0)):
        with pytest.raises(Refused, match="does not wait"):
            forbidden()


def test_one_at_a_time_unless_more_are_allowed(waiting: Wait, started: "list[tuple[str, str]]", tmp_path: Path) -> None:
    runs = waiting(4)
    lane = Queue(tmp_path / "runs")
    assert ids(lane.advance(tmp_path)) == ids(runs[:1])
    assert lane.advance(tmp_path) == []
    assert [run.status().state for run in runs] == ["starting", "queued", "queued", "queued"]
    lane.set_at_once("cpu", 3)
    assert ids(lane.advance(tmp_path)) == ids(runs[1:3])
    assert started == [(run.id, "cpu") for run in runs[:3]]


def test_a_run_that_is_being_trained_cannot_wait(waiting: Wait, started: "list[tuple[str, str]]", tmp_path: Path) -> None:
    (run,) = waiting(1)
    lane = Queue(tmp_path / "runs")
    lane.advance(tmp_path)
    with pytest.raises(Refused, match="already being trained"):
        lane.add(run)


def test_one_that_waits_can_be_started_beside_the_others(
    waiting: Wait, started: "list[tuple[str, str]]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "accelerators", lambda: ["cuda:0", "cuda:1"])
    runs = waiting(4)
    lane = Queue(tmp_path / "runs")
    for run in (runs[2], runs[0], runs[3]):
        lane.start(run, tmp_path)
    assert started == [(runs[2].id, "cuda:0"), (runs[0].id, "cuda:1"), (runs[3].id, "cuda:0")]
    assert ids(lane.waiting()) == ids(runs[1:2])
    with pytest.raises(Refused, match="does not wait"):
        lane.start(runs[0], tmp_path)


def test_a_run_for_two_gpus_waits_for_both_holds_both_and_is_not_overtaken(
    silent_engines: None, started: "list[tuple[str, str]]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "accelerators", lambda: ["cuda:0", "cuda:1", "cuda:2"])
    configs: list[dict[str, object]] = [{"runtime": {"devices": 2}}, {"runtime": {"devices": 2}}, {"method": {"name": "sgd"}}, {}]
    runs = [Run.create(tmp_path / "runs", read(config)) for config in configs]
    lane = Queue(tmp_path / "runs")
    lane.add(*runs)
    lane.advance(tmp_path)
    assert started == [(runs[0].id, "cuda:0,1")]  # cuda:2 is kept for the second
    lane.start(runs[1], tmp_path)
    lane.set_at_once("cuda", 2)
    lane.advance(tmp_path)
    assert started[1:] == [(runs[1].id, "cuda:2,0"), (runs[2].id, "cuda:1"), (runs[3].id, "cuda:2")]
    assert devices.environment("cuda:0,1") == {"CUDA_VISIBLE_DEVICES": "0,1"}
    monkeypatch.setattr(devices, "accelerators", list)  # so that the engine says what is missing
    assert devices.chosen(runs[0].experiment, devices.suitable(runs[0].experiment)) == "cpu"


def test_each_accelerator_takes_one_and_the_cpu_another(
    waiting: Wait, started: "list[tuple[str, str]]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "accelerators", lambda: ["cuda:0", "cuda:1"])
    runs = waiting(3)
    on_cpu = Run.create(tmp_path / "runs", read({"runtime": {"device": "cpu"}}))
    lane = Queue(tmp_path / "runs")
    lane.add(on_cpu)
    lane.advance(tmp_path)
    assert started == [(runs[0].id, "cuda:0"), (runs[1].id, "cuda:1"), (on_cpu.id, "cpu")]
    assert [devices.environment(device) for _, device in started] == [
        {"CUDA_VISIBLE_DEVICES": "0"},
        {"CUDA_VISIBLE_DEVICES": "1"},
        {},
    ]


def test_whoever_looks_at_the_same_time_no_run_is_started_twice(
    waiting: Wait, started: "list[tuple[str, str]]", tmp_path: Path
) -> None:
    runs = waiting(6)
    Queue(tmp_path / "runs").set_at_once("cpu", 6)
    threads = [threading.Thread(target=Queue(tmp_path / "runs").advance, args=(tmp_path,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run for run, _ in started) == sorted(ids(runs))


def test_a_damaged_run_does_not_hold_the_others_up(waiting: Wait, started: "list[tuple[str, str]]", tmp_path: Path) -> None:
    first, second = waiting(2)
    (first.path / "config.json").write_text("{")
    assert ids(Queue(tmp_path / "runs").advance(tmp_path)) == [second.id]


def test_a_starter_that_dies_leaves_the_run_in_the_queue(waiting: Wait, tmp_path: Path) -> None:
    (run,) = waiting(1)
    end(run, "starting")  # announced, and nobody holds the lock
    assert run.status().state == "queued"


@pytest.mark.parametrize(("kind", "count"), [("tpu", 1), ("cpu", 0), ("cpu", 1.5), ("cpu", True), ("cpu", 10**9), ("cpu", "2")])
def test_a_setting_that_makes_no_sense_is_refused(tmp_path: Path, kind: str, count: object) -> None:
    with pytest.raises(Refused):
        Queue(tmp_path).set_at_once(kind, count)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at_once": 3}', '{"at_once": {"cpu": "many"}}'])
def test_damaged_settings_are_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / SETTINGS).write_text(text)
    assert Queue(tmp_path).at_once == {}


@pytest.mark.slow
def test_an_engine_that_ends_starts_the_next(tmp_path: Path) -> None:
    short = {"schedule": {"epochs": 1}, "model": {"name": "mlp"}, "landscape": {"at_end": False}}
    failing = {**short, "data": {"name": "cifar10", "download": False}}
    runs = [Run.create(tmp_path / "runs", read(config)) for config in (failing, short)]
    Queue(tmp_path / "runs").add(*runs)
    Queue(tmp_path / "runs").advance(tmp_path)
    deadline = time.monotonic() + 60
    while runs[1].status().state != "finished":
        assert time.monotonic() < deadline, [run.status() for run in runs]
        time.sleep(0.1)
    assert runs[0].status().state == "failed"
