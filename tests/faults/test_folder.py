"""A run's folder that is deleted, or made read-only, under a running engine: named, and everything else goes on."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.runs.run import Run
from studio.queries.listing import Listing
from tests.processes import LONG, Launch, ended, is_running, wait

ReadOnly = Callable[[Path, bool], None]


@pytest.fixture
def read_only() -> Iterator[ReadOnly]:
    """read_only(folder, yes): let nobody write into a folder, root included, or let everybody again."""
    mounted: list[Path] = []

    def make(folder: Path, yes: bool) -> None:
        if not yes:
            subprocess.run(["umount", "-l", folder], check=True)
            mounted.remove(folder)
            return
        if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode:
            pytest.skip("a folder cannot be mounted here")
        mounted.append(folder)
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


def others_go_on(other: Run) -> None:
    step = other.status().step
    wait(other, lambda status: status.state == "running" and status.step > step)


def test_a_deleted_folder_ends_its_engine_and_the_studio_names_it(launch: Launch, caplog: pytest.LogCaptureFixture) -> None:
    other, run = launch(LONG), launch(LONG)
    for one in (other, run):
        wait(one, is_running)
    listing = Listing(launch.runs)
    assert len(listing.rows()) == 2
    while run.path.exists():  # its engine may write another file meanwhile
        shutil.rmtree(run.path, ignore_errors=True)
    assert launch.processes[-1].wait(120) == 1
    assert not run.path.exists()
    assert [row["id"] for row in listing.rows()] == [other.id]
    assert f"{run.path} was removed or renamed while it was running" in caplog.text
    others_go_on(other)


def test_a_read_only_folder_pauses_its_engine_until_it_is_writable(launch: Launch, read_only: ReadOnly) -> None:
    other, run = launch(LONG), launch(LONG)
    for one in (other, run):
        wait(one, is_running)
    read_only(run.path, True)
    status = wait(run, lambda status: status.field == "disk")
    assert status.state == "paused"
    assert "the disk is read-only" in status.message
    assert "make the folder writable" in status.message
    assert {row["id"]: row["state"] for row in Listing(launch.runs).rows()} == {other.id: "running", run.id: "paused"}
    others_go_on(other)
    read_only(run.path, False)
    wait(run, lambda now: now.state == "running" and now.step > status.step)
    run.commands.send("stop")
    assert wait(run, ended).state == "stopped"
