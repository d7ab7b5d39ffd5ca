"""A disk that is full, and a folder that goes away, while an engine writes."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.runs.run import Run
from tests.processes import LONG, Launch, ended, is_running, wait


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(path: Path) -> None:
    """Write until there is no more room."""
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 512):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def test_a_full_disk_pauses_the_training_and_room_lets_it_go_on(launch: Launch, small_disk: Path, figure: Any) -> None:
    run = launch({}, Run.create(small_disk, read(merge(LONG, {"landscape": {"at_end": False}}))))
    wait(run, lambda status: is_running(status) and status.step > 30)
    fill(small_disk / "filler")
    began = time.monotonic()
    status = wait(run, lambda status: status.field == "disk")
    figure(f"the page is told {time.monotonic() - began:.1f} s after the disk was full")
    assert status.state == "paused"
    assert "the disk is full" in status.message
    assert list((run.path / "checkpoints").glob("step-*.pt"))
    assert not list((run.path / "checkpoints").glob(".*"))
    (small_disk / "filler").unlink()
    wait(run, lambda now: now.state == "running" and now.step > status.step + 30)
    run.commands.send("stop")
    assert wait(run, ended).state == "stopped"
    steps = [metric.step for metric in run.records.metrics() if metric.name == "train/loss"]
    assert steps == list(range(1, run.status().step + 1))
    kinds = [event.kind for event in run.records.events()]
    assert kinds.index("disk") < kinds.index("disk has room")


def test_a_stop_does_not_wait_for_a_full_disk(launch: Launch, small_disk: Path) -> None:
    run = launch({}, Run.create(small_disk, read(merge(LONG, {"landscape": {"at_end": False}}))))
    wait(run, lambda status: is_running(status) and status.step > 30)
    fill(small_disk / "filler")
    wait(run, lambda status: status.field == "disk")
    launch.processes[-1].terminate()
    assert launch.processes[-1].wait(120) == 130
    assert list((run.path / "checkpoints").glob("step-*.pt"))


def test_a_folder_that_is_removed_ends_its_engine_and_nothing_else(launch: Launch, tmp_path: Path) -> None:
    other = launch(LONG)
    run = launch(LONG)
    wait(run, is_running)
    wait(other, is_running)
    shutil.move(run.path, tmp_path / "moved")
    assert launch.processes[-1].wait(120) == 1
    moved = Run(tmp_path / "moved").status()
    assert (moved.state, moved.field) == ("failed", "run")
    assert "was removed or renamed" in moved.message
    step = other.status().step
    wait(other, lambda status: status.state == "running" and status.step > step)
