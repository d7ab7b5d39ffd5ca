"""Records on a network file system, where a write-ahead log would not be seen by other machines."""

import os
import sqlite3
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from engine.experiment.schema import Experiment
from engine.files.network import network_file_system
from engine.runs.reader import Reader
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from engine.training.trainer.recorder import Recorder

Partition = namedtuple("Partition", ["mountpoint", "fstype"])
KILLED_WHILE_IT_COMMITS = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size=1")
db.execute("BEGIN IMMEDIATE")
rows = [(step,) for step in range(50_000)]
db.executemany("INSERT INTO metric (step, name, value, seconds) VALUES (?, 'train/loss', 1.0, 1.0)", rows)
os._exit(9)
"""


@pytest.fixture
def on_nfs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    found = [Partition("/", "ext4"), Partition(str(tmp_path.parent), "ext4"), Partition(str(tmp_path), "nfs4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: found)
    return tmp_path


def journal(path: Path) -> str:
    db = sqlite3.connect(path)
    mode = str(db.execute("PRAGMA journal_mode").fetchone()[0])
    db.close()
    return mode


def test_the_innermost_mount_tells(on_nfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (on_nfs / "a" / "b").mkdir(parents=True)
    assert network_file_system(on_nfs / "a" / "b") == "nfs4"
    assert network_file_system(on_nfs.parent) == ""
    (on_nfs.parent / f"{on_nfs.name}-link").symlink_to(on_nfs / "a")
    assert network_file_system(on_nfs.parent / f"{on_nfs.name}-link") == "nfs4"
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [])
    assert network_file_system(on_nfs) == ""


def test_there_is_a_rollback_journal_and_an_event_says_so(on_nfs: Path) -> None:
    run = Run.create(on_nfs, Experiment())
    with run.lock():
        recorder = Recorder(run)
        recorder.begin()
    assert journal(run.path / "run.db") == "delete"
    assert not list(run.path.glob("run.db-*"))
    (told,) = [event for event in run.records.events() if event.kind == "network disk"]
    assert told.data == {"kind": "nfs4", "journal": "rollback"}


def test_a_run_that_is_moved_there_changes_its_journal_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["ext4"]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [Partition(str(tmp_path), found[0])])
    for kind, mode in (("ext4", "wal"), ("nfs", "delete"), ("ext4", "wal")):
        found[0] = kind
        writer = Writer(tmp_path / "run.db")
        writer.metrics(1, 1.0, {"train/loss": 1.0})
        writer.flush(Status())
        writer.close()
        assert journal(tmp_path / "run.db") == mode
    assert len(Reader(tmp_path / "run.db").metrics()) == 3


def test_what_a_killed_engine_had_not_committed_is_rolled_back_by_whoever_reads_first(on_nfs: Path) -> None:
    path = on_nfs / "run.db"
    writer = Writer(path)
    writer.metrics(1, 1.0, {"train/loss": 0.5})
    writer.flush(Status(state="running", step=1))
    writer.close()
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_COMMITS, str(path)], check=False)
    assert killed.returncode == 9
    assert os.path.lexists(f"{path}-journal")
    assert Reader(path).status().step == 1
    assert [metric.value for metric in Reader(path).metrics()] == [0.5]
    assert not list(on_nfs.glob("*damaged*"))
