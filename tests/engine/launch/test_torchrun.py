"""Several processes train one run: started, steered, killed and resumed."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from engine.errors import Refused
from engine.experiment.distributed_checks import PER_CORE, problems
from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.experiment.validate import check
from engine.launch import engine_process
from engine.machine import cores
from engine.runs.export import export
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.trash import Trash
from engine.runs.writer import Writer
from tests.processes import ended, wait

SHORT = {
    "method": {"name": "m-arwp"},
    "schedule": {"epochs": 3, "batch_size": 64},
    "landscape": {"at_end": False},
    "runtime": {"threads": 1, "device": "cpu", "processes": 2},
}
LONG = merge(SHORT, {"schedule": {"epochs": 1000}})
REFUSED = [
    ({"runtime": {"processes": 3}, "method": {"name": "m-rwp"}}, "runtime.processes", "even number"),
    ({"runtime": {"processes": 2, "streams": "parallel"}}, "runtime.streams", "way of one process"),
    ({"runtime": {"processes": 2, "devices": 2}}, "runtime.devices", "two GPUs are for one process"),
    ({"runtime": {"streams": "distributed"}}, "runtime.processes", "need several processes"),
    ({"runtime": {"processes": 3}, "method": {"name": "sgd"}}, "schedule.batch_size", "128 images at a time"),
    ({"runtime": {"processes": 8}, "method": {"name": "lpf-sgd", "draws": 32}}, "schedule.batch_size", "4 images at a time"),
    ({"runtime": {"processes": 2}, "method": {"name": "sam", "m_sharpness": 9}}, "schedule.batch_size", "9 images at a time"),
    ({"runtime": {"processes": 4, "accumulate": 64}, "method": {"name": "sgd"}}, "schedule.batch_size", "2 images at a time"),
    ({"runtime": {"processes": 64, "device": "cpu"}}, "runtime.processes", f"more than {PER_CORE}"),
    ({"runtime": {"processes": 2}, "data": {"name": "imagenet", "path": "/"}}, "runtime.processes", "read during the training"),
]


@pytest.mark.skipif(cores() > 8, reason="64 processes are not too many for this machine")
@pytest.mark.parametrize(("config", "field", "what"), REFUSED)
def test_what_cannot_be_shared_is_refused_with_field_and_cure(config: dict[str, Any], field: str, what: str) -> None:
    (problem,) = problems(read(config))
    assert problem.field == field
    assert what in problem.what
    assert problem.cure.startswith("Choose")


@pytest.mark.parametrize("method", ["m-rwp", "sgd", "lpf-sgd", "sam"])
def test_what_can_be_shared_is_not_refused(tmp_path: Path, method: str) -> None:
    check(read({"runtime": {"processes": 4}, "method": {"name": method}}), tmp_path)


def test_a_run_for_several_processes_is_not_trained_by_one() -> None:
    (problem,) = problems(read(SHORT), running=1)
    assert "--nproc-per-node 2" in problem.cure


Launch = Callable[..., Run]


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Whatever was started; with all its processes it is dead at the end."""
    launched: list[subprocess.Popen[bytes]] = []
    yield launched
    for process in launched:
        if process.poll() is None:
            for one in [*psutil.Process(process.pid).children(recursive=True), process]:
                one.kill()
        process.wait(120)


@pytest.fixture
def launch(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> Launch:
    def go(config: dict[str, Any], run: Run | None = None) -> Run:
        run = run or Run.create(tmp_path / "runs", read(config))
        started.append(engine_process.start(run, tmp_path / "data"))
        return run

    return go


def ranks(launcher: subprocess.Popen[bytes], run: Run) -> list[psutil.Process]:
    """The processes that train, rank 0 first."""
    found = [child for child in psutil.Process(launcher.pid).children() if str(run.path) in child.cmdline()]
    return sorted(found, key=lambda process: int(process.environ()["RANK"]))


def weights_at_end(run: Run) -> torch.Tensor:
    newest = max((run.path / "checkpoints").glob("*.pt"))
    weights: torch.Tensor = torch.load(newest, weights_only=True)["loop"]["weights"]
    return weights


def with_other_batches(runs: Path, config: dict[str, Any]) -> Run:
    """A run whose log has it that the batch size was changed in the middle of an epoch."""
    run = Run.create(runs, read(config))
    writer = Writer(run.path / "run.db")
    writer.event(20, "changed", path="schedule.batch_size", old=64, new=48)
    writer.flush(run.status())
    writer.close()
    return run


def assert_same_results(one: Run, other: Run) -> None:
    assert torch.equal(weights_at_end(one), weights_at_end(other))
    ours, theirs = export(one)["metrics"], export(other)["metrics"]
    assert ours.keys() == theirs.keys()
    for tag, points in ours.items():
        assert points == theirs[tag], tag


@pytest.mark.slow
def test_two_processes_leave_bitwise_the_records_of_one(launch: Launch, tmp_path: Path) -> None:
    config = merge(SHORT, {"runtime": {"processes": 1, "streams": "sequential"}})
    alone = launch(config, with_other_batches(tmp_path, config))
    assert wait(alone, ended).state == "finished"
    together = launch(SHORT, with_other_batches(tmp_path, SHORT))
    status = wait(together, ended)
    assert (status.state, status.streams) == ("finished", "distributed")
    assert (status.steps, status.epoch_curve[1][0]) == (81, 20)
    assert_same_results(together, alone)


@pytest.mark.slow
@pytest.mark.parametrize(("victim", "is_paused"), [(0, False), (3, False), (3, True)])
def test_a_run_of_four_goes_on_by_itself_when_one_is_killed(
    launch: Launch, started: list[subprocess.Popen[bytes]], victim: int, is_paused: bool
) -> None:
    """A paused one hears of the death by the signal with which its launcher ends it, as one may that is between two steps."""
    four = merge(SHORT, {"runtime": {"processes": 4}})
    run = launch(four)
    wait(run, lambda status: status.step > 30)
    if is_paused:
        run.commands.send("pause")
        wait(run, lambda status: status.state == "paused")
    ranks(started[-1], run)[victim].kill()

    def is_over(status: Status) -> bool:
        assert run.is_locked() or ended(status)  # nobody else could have taken the run on
        return status.state == "finished"

    wait(run, is_over)
    undisturbed = launch(four)
    wait(undisturbed, ended)
    assert_same_results(run, undisturbed)


@pytest.mark.slow
def test_stop_and_resume(launch: Launch, started: list[subprocess.Popen[bytes]]) -> None:
    run = launch(LONG)
    wait(run, lambda status: status.step > 10)
    run.commands.send("pause")
    wait(run, lambda status: status.state == "paused")
    run.commands.send("resume")
    run.commands.send("stop")
    stopped = wait(run, ended)
    assert stopped.state == "stopped"
    assert started[-1].wait(120) == 0
    assert not run.is_locked()
    launch({}, run)
    assert wait(run, lambda status: status.state == "running" and status.step > stopped.step)
    ranks(started[-1], run)[0].send_signal(signal.SIGTERM)
    assert wait(run, ended).state == "stopped"


@pytest.mark.slow
def test_without_restarts_the_others_end_and_the_run_can_be_resumed(launch: Launch, started: Any, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "runs", read(LONG))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "engine"]
    with (tmp_path / "log").open("wb") as log:
        started.append(subprocess.Popen([*command, str(run.path)], stdout=log, stderr=log))
    wait(run, lambda status: status.step > 30)
    ranks(started[-1], run)[1].kill()
    status = wait(run, ended)
    assert status.state == "interrupted"
    assert status.field == "runtime.processes"
    started[-1].wait(120)
    launch({}, run)
    assert wait(run, lambda now: now.state == "running" and now.step > 30)
    run.commands.send("stop")
    assert wait(run, ended).state == "stopped"


@pytest.mark.slow
def test_what_rank_0_refuses_ends_everybody(launch: Launch, started: list[subprocess.Popen[bytes]]) -> None:
    run = launch(merge(SHORT, {"data": {"name": "cifar10", "download": False}}))
    status = wait(run, ended)
    assert (status.state, status.field) == ("failed", "data.name")
    assert started[-1].wait(120) == 0
    with pytest.raises(Refused):
        check(run.experiment, run.path)


@pytest.mark.slow
def test_a_run_that_is_deleted_as_soon_as_it_has_ended_leaves_no_launcher(
    launch: Launch, started: list[subprocess.Popen[bytes]]
) -> None:
    run = launch(SHORT)
    wait(run, lambda status: status.state == "finished" and not run.is_locked())
    Trash(run.path.parent).put(run)
    assert started[0].wait(120) == 0
