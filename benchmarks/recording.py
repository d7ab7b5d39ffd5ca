"""What recording costs: a step that is recorded and may be steered, against one that is not."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.loops import Case, experiment, loop_on_noise
from benchmarks.turns import Row, Timed, in_turn, ratios
from engine.control import Control
from engine.journal import Journal
from engine.run import Run


def measure(rounds: int) -> Iterator[Row]:
    for case, updates, goal in ((Case("small-cnn", 8, 128), 50, "≤ 1.03"), (Case("resnet18", 32, 32), 1, "≤ 1.01")):
        found = ratios(_taken(case, updates, rounds), "recorded", "not recorded")
        yield Row.of(f"recorded and steered / neither, {case}", found, goal)


def _taken(case: Case, updates: int, rounds: int) -> Timed:
    """Seconds of so many updates, both ways."""
    chosen = experiment(case, "m-arwp")
    loop = loop_on_noise(chosen, case)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder), chosen)
        journal = Journal(run)
        control = Control(run, journal)

        def recorded() -> None:
            for _ in range(updates):
                journal.record(loop.step, time.monotonic(), loop.train())
                control.look()

        def plain() -> None:
            for _ in range(updates):
                loop.train()

        taken = in_turn({"recorded": recorded, "not recorded": plain}, rounds)
        journal.close()
    return taken
