"""What recording costs: a step that is recorded and may be steered, against one that is not."""

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.cases import Case, experiment, learner_on_noise, on_threads, one_step
from benchmarks.isolated import between
from benchmarks.timing import Row, rows
from engine.runs.run import Run
from engine.training.trainer.control import Control
from engine.training.trainer.recorder import Recorder


def measure(rounds: int) -> Iterator[Row]:
    for case, goal in ((Case("small-cnn", 8, 128), "≤ 1.03"), (Case("resnet18", 32, 32), "≤ 1.01")):
        ways = {"recorded and steered": partial(_recorded, case), "neither": partial(one_step, case, "m-arwp", threads=2)}
        yield from rows(between(ways, {}, rounds), ("recorded and steered", "neither", goal), where=str(case))


def _recorded(case: Case) -> Callable[[], object]:
    """A step that is recorded, after which commands are looked for."""
    chosen = experiment(case, "m-arwp")
    learner = learner_on_noise(chosen, case)
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    run = Run.create(folder, chosen)
    recorder = Recorder(run)
    atexit.register(recorder.close)
    control = Control(run, recorder)

    def recorded() -> None:
        recorder.record(learner.step, time.monotonic(), learner.take_step())
        control.look()

    return on_threads(2, recorded)
