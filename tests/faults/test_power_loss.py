"""Power loss at every moment of a training: what was synced is there, and no more than one interval is lost.

Everything that the engine's thread asks of the file system is recorded; each prefix of that gives several disks.
"""

import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.runs.run import Run
from engine.training.trainer import checkpointer
from tests.faults.calls import Call, record
from tests.faults.forms import counts
from tests.faults.power import VARIANTS, Disk, File, Folder
from tests.faults.test_killed_engine import CONFIG, assert_the_same
from tests.faults.warm import Warm

INTERVAL = 4
"""Steps between two checkpoints."""
EXPERIMENT = read(merge(CONFIG, {"schedule": {"epochs": 10}}))
RECORDED = """
import sys
from pathlib import Path
from engine.__main__ import main
from engine.experiment.schema import read
from engine.runs.run import Run
run = Run.create(Path(sys.argv[1]), read({config}))
sys.argv = ["engine", str(run.path)]
sys.exit(main())
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Call]]:
    """A folder with a run that was trained to its end, and all that was asked of the file system."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "runs").mkdir()
    script = RECORDED.replace("{config}", repr(EXPERIMENT.model_dump()))
    return folder / "runs", record([sys.executable, "-c", script, folder / "runs"], folder / "runs", folder / "logs")


def contents(folder: Folder, path: Path) -> Iterator[tuple[Path, bytes]]:
    for name, node in folder.now.items():
        if isinstance(node, Folder):
            yield from contents(node, path / name)
        else:
            yield path / name, node.now()


def test_the_record_is_complete(recorded: tuple[Path, list[Call]]) -> None:
    runs, calls = recorded
    disk = Disk()
    assert len(list(disk.replay(calls))) > 100
    there = {path: path.read_bytes() for path in runs.rglob("*") if path.is_file() and path.parent.name != "tb"}
    assert {path: content for path, content in contents(disk.top, runs) if path.parent.name != "tb"} == there


def run_folder(disk: Disk) -> Folder | None:
    """The folder of the run as it is safe, if it is."""
    found = [node for name, node in disk.top.safe.items() if not name.startswith(".")]
    return found[0] if found and isinstance(found[0], Folder) else None


def step_of(name: str) -> int:
    return int(name.lstrip(".").split(".")[0].removeprefix("step-"))


def expected(run: Folder) -> int:
    """The step of the newest checkpoint that has to be there: safe itself, or an interval before one that is being written."""
    folder = run.now["checkpoints"]
    assert isinstance(folder, Folder)
    safe = [name for name, node in folder.safe.items() if isinstance(node, File) and not node.since and name.endswith(".pt")]
    begun = max((step_of(name) for name in folder.now), default=-1)
    return max([step_of(name) for name in safe] + [begun - INTERVAL])


def assert_all_is_there(run: Run, least: int) -> None:
    """Check what a crash has left."""
    assert run.experiment == EXPERIMENT
    state, _ = checkpointer.load_newest(run.path / "checkpoints", torch.device("cpu"))
    step = -1 if state is None else state["loop"]["step"]
    assert step >= least
    steps = [metric.step for metric in run.records.metrics() if metric.name == "train/lr"]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) >= step
    assert run.status().state in ("stopped", "interrupted", "finished")


def states(calls: list[Call], count: int, draws: random.Random) -> Iterator[tuple[Disk, Folder, str]]:
    """Disks of which the run is a safe part, and its folder there, with a way to lose power; `count` of them by chance."""
    disk = Disk()
    moments = [moment for moment, _ in enumerate(disk.replay(calls)) if run_folder(disk)]
    every = [(moment, variant) for moment in moments for variant in VARIANTS]
    chosen, disk = set(draws.sample(every, min(count, len(every)))), Disk()
    for moment, _ in enumerate(disk.replay(calls)):
        for variant in VARIANTS:
            if (moment, variant) in chosen and (folder := run_folder(disk)):
                yield disk, folder, variant


@counts(40, 2000)
def test_power_losses(recorded: tuple[Path, list[Call]], warm: Warm, tmp_path: Path, figure: Any, count: int) -> None:
    runs, calls = recorded
    draws, checked, resumed = random.Random(count), 0, 0
    for disk, folder, variant in states(calls, count, draws):
        left = tmp_path / f"{checked}-{variant}"
        disk.top.write_to(left, variant, draws)
        run = Run.all(left)[0]
        assert_all_is_there(run, expected(folder))
        checked += 1
        if draws.random() < 0.1:
            assert warm.wait(warm.start(run)) == 0
            assert_the_same(run, Run.all(runs)[0])
            resumed += 1
        shutil.rmtree(left)
    figure(f"{checked} states, in each the newest safe checkpoint loads and at most one interval is lost")
    figure(f"{resumed} of them trained to the end, with bitwise equal weights")
