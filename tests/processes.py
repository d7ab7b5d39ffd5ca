"""Engines as processes of their own, for tests to start, wait for and disturb."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.launch import engine_process
from engine.launch.fork_server import ForkedEngine
from engine.runs.run import Run
from engine.runs.status import ACTIVE, Status

SHORT = {"schedule": {"epochs": 3, "batch_size": 64}, "landscape": {"resolution": 9, "images": 64}, "model": {"name": "mlp"}}
LONG = merge(SHORT, {"schedule": {"epochs": 10_000}})


class Launch:
    """Starts engines on runs of one folder, and remembers them."""

    def __init__(self, folder: Path) -> None:
        self.runs, self._data = folder / "runs", folder / "data"
        self.processes: list[subprocess.Popen[bytes] | ForkedEngine] = []

    def __call__(self, config: dict[str, Any], run: Run | None = None) -> Run:
        """An engine on `run`, or on a new one of `config`."""
        run = run or Run.create(self.runs, read(config))
        self.processes.append(engine_process.start(run, self._data))
        return run

    def end(self) -> None:
        """Kill whatever is still alive."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(60)


def wait(run: Run, until: Callable[[Status], bool], seconds: float = 120) -> Status:
    """The first status for which `until` holds."""
    end = time.monotonic() + seconds
    while not until(status := run.status()):
        assert time.monotonic() < end, f"{status}\n{(run.path / 'engine.log').read_text()}"
        time.sleep(0.05)
    return status


def round_trip(run: Run) -> Status:
    """The status once the engine has been through everything that was asked of it before, and has told what came of it."""
    asked = run.commands.send("checkpoint")
    return wait(run, lambda _: any(event.data.get("id") == asked for event in run.records.events()))


def ended(status: Status) -> bool:
    return status.state not in ACTIVE


def is_finished(status: Status) -> bool:
    return status.state == "finished"


def is_running(status: Status) -> bool:
    return status.state == "running" and status.step > 5


def kill(run: Run) -> None:
    """`kill -9` of the engine that trains `run`, which has told its pid: 0, to a system call the caller's group, is nobody."""
    psutil.Process(run.status().pid).kill()


def killed_run(launch: Launch, config: dict[str, Any]) -> Run:
    run = launch(config)
    wait(run, lambda status: status.state == "running" and status.step > 40)
    kill(run)
    assert wait(run, ended).state == "interrupted"
    return run


def weights_at_end(run: Run) -> torch.Tensor:
    newest = max((run.path / "checkpoints").glob("*.pt"))
    return torch.load(newest, weights_only=True)["loop"]["weights"]


def pace(run: Run, seconds: float) -> float:
    """Steps of a running engine per second of the processor, which does not depend on what else there is to do."""
    engine, first = psutil.Process(run.status().pid), run.status().step
    began = sum(engine.cpu_times()[:2])
    time.sleep(seconds)
    return (run.status().step - first) / (sum(engine.cpu_times()[:2]) - began)
