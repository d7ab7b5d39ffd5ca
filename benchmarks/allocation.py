"""Memory that is kept, as an engine's is, against memory as the C library deals with it. In processes of their own, in turn."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.loops import Case, update
from benchmarks.turns import Row
from engine.devices import OF_A_PROCESS

CASES = (Case("small-cnn", 32, 128), Case("vit-s", 32, 16), Case("resnet18", 32, 32))
UPDATES = 8


def measure(rounds: int) -> Iterator[Row]:
    for case in CASES:
        found = [_seconds(case, is_kept=True) / _seconds(case, is_kept=False) for _ in range(rounds)]
        yield Row.of(f"m-ARWP in parallel with memory kept / given back, {case}", found)


def _seconds(case: Case, is_kept: bool) -> float:
    """An update, in a new process."""
    environment = os.environ | OF_A_PROCESS
    if not is_kept:
        environment = {name: value for name, value in environment.items() if not name.startswith("MALLOC_")}
    command = [sys.executable, "-m", "benchmarks.allocation", case.model, str(case.side), str(case.batch_size)]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def main(model: str, side: str, batch_size: str) -> None:
    train, taken = update(Case(model, int(side), int(batch_size)), "m-arwp", "parallel"), []
    for _ in range(1 + UPDATES):
        began = time.perf_counter()
        train()
        taken.append(time.perf_counter() - began)
    print(statistics.median(taken[1:]))


if __name__ == "__main__":
    main(*sys.argv[1:])
