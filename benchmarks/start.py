"""From Start to the first step of a training: forked, and with a process started for it."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.timing import Row
from engine.experiment.schema import read
from engine.launch import engine_process
from engine.launch.fork_server import fork_server
from engine.runs.run import Run


def seconds_to_first_step(runs: Path) -> float:
    """As the studio starts a run of the digits: create it, start it, see that the first step was taken."""
    began = time.perf_counter()
    run = Run.create(runs, read({"schedule": {"epochs": 10_000}}))
    process = engine_process.start(run, runs)
    while run.status().step == 0 and process.poll() is None:
        time.sleep(0.005)
    taken = time.perf_counter() - began
    process.kill()
    process.wait()
    return taken


def measure(rounds: int) -> Iterator[Row]:
    taken: dict[str, list[float]] = {"cold": [], "warm": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(min(rounds, 5)):
            taken["cold"].append(seconds_to_first_step(Path(folder)))
            taken["warm"].append(_with_fork_server(lambda: seconds_to_first_step(Path(folder))))
    yield Row.of("seconds from Start to the first step, cold", taken["cold"], "≤ 2")
    yield Row.of("seconds from Start to the first step, warm", taken["warm"], "≤ 0.2")


def _with_fork_server(run: Callable[[], float]) -> float:
    fork_server.keep()
    if not fork_server.is_ready(60):
        raise TimeoutError
    try:
        return run()
    finally:
        fork_server.close()
