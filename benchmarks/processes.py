"""Processes that speak by gloo: two of them against two threads, and what summing a gradient costs among 2 to 8."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import torch

from benchmarks.timing import Row
from engine.experiment.schema import read
from engine.launch import engine_process
from engine.launch.torchrun import command, ranks_environment
from engine.runs.run import Run

UPDATES = 20
WEIGHTS = 11_173_962
"""As many as ResNet-18 has."""


def seconds_a_step(runs: Path, processes: int) -> float:
    """Median over the second half of a training of ResNet-18 on the digits, by m-ARWP."""
    config = {
        "model": {"name": "resnet18"},
        "method": {"name": "m-arwp"},
        "data": {"train_size": UPDATES * 64, "test_size": 64},
        "schedule": {"epochs": 1, "batch_size": 64},
        "landscape": {"at_end": False},
        "runtime": {"processes": processes, "streams": "parallel" if processes == 1 else "distributed"},
    }
    run = Run.create(runs, read(config))
    engine_process.start(run, runs).wait()
    seconds = [at.seconds for at in run.records.metrics() if at.name == "train/loss"]
    taken = [later - earlier for earlier, later in pairwise(seconds)]
    return statistics.median(taken[len(taken) // 2 :])


def measure(rounds: int) -> Iterator[Row]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(max(2, rounds // 3)):
            threads = seconds_a_step(Path(folder), 1)
            found.append(seconds_a_step(Path(folder), 2) / threads)
        yield Row.of("m-ARWP on two gloo processes / on two threads, resnet18 8×8, batch 64", found, "≤ 1.10")
        two = None
        for count in (2, 4, 8):
            taken = _sums(Path(folder), count, rounds)
            two = two or statistics.median(taken)
            yield Row.of(f"summing 11 million gradients among {count} processes / among 2", [one / two for one in taken], "")


def _sums(folder: Path, count: int, rounds: int) -> list[float]:
    meeting = folder / f"sums-{count}"
    call = command(count, meeting, "benchmarks.processes", str(rounds))
    environment = {**os.environ, **ranks_environment(meeting)}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def main(rounds: int) -> None:
    """One of the processes: rank 0 prints the seconds of each sum."""
    from engine.training.process_group import join

    group = join()
    gradient = torch.ones(WEIGHTS)
    for round_ in range(rounds + 1):
        began = time.perf_counter()
        group.everyone.average(gradient)
        if group.rank == 0 and round_:
            print(time.perf_counter() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]))
