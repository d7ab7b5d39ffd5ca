"""A run that goes out as an archive and comes in elsewhere is the same run."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.errors import Refused
from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.files.atomic import write_atomically
from engine.runs.archive import pack, unpack
from engine.runs.checkpoints import checkpoints
from engine.runs.export import export
from engine.runs.labels import labels
from engine.runs.lineage import fork
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from engine.training.trainer import checkpointer
from tests.engine.methods.test_table import assert_same
from tests.engine.runs.archive.conftest import contents
from tests.engine.runs.test_lineage import CONFIG, training

IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from engine.training.trainer import checkpointer
from engine.runs.archive import pack, unpack
from engine.runs.run import Run

def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

before = used()
with open("big.zip", "wb") as file:
    file.writelines(pack(Run(Path(sys.argv[1])), "all"))
unpack(Path("big.zip"), Path("in"))
print(used() - before)
"""
"""Packs and unpacks a run, and prints how many MiB more than before that took at most."""


def saved(run: Run, choice: str, folder: Path) -> Path:
    path = folder / f"{choice}.zip"
    path.write_bytes(b"".join(pack(run, choice)))
    return path


def last_state(run: Run) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(checkpoints(run.path / "checkpoints")[-1].path, weights_only=True)["loop"]
    return state


@pytest.mark.parametrize(("choice", "steps"), [("newest", [16]), ("all", [12, 16]), ("none", [])])
def test_a_run_comes_back_whole(original: Run, tmp_path: Path, choice: str, steps: list[int]) -> None:
    made = unpack(saved(original, choice, tmp_path), tmp_path / "elsewhere")
    assert made.id == original.id
    assert made.experiment == original.experiment
    assert export(made)["metrics"] == export(original)["metrics"]
    assert made.records.events() == original.records.events()
    assert made.status() == original.status()
    assert labels(made) == labels(original)
    assert [one.step for one in checkpoints(made.path / "checkpoints")] == steps
    for folder in ("arrays", "checkpoints"):
        for path in (made.path / folder).iterdir():
            assert path.read_bytes() == (original.path / folder / path.name).read_bytes()
    changed = [round((run.path / "config.json").stat().st_mtime) for run in (made, original)]
    assert changed[0] == pytest.approx(changed[1], abs=2)
    assert {path.name for path in (tmp_path / "elsewhere").iterdir()} == {original.id, ".transfer.lock"}


def test_it_goes_on_to_bitwise_the_same_end(tmp_path: Path) -> None:
    here = Run.create(tmp_path / "here", read(merge(CONFIG, {"optimizer": {"momentum": 0.8}})))
    with training(here) as half:
        for _ in range(6):
            half.learner.take_step()
        half._report_position()
        half._save()
    there = unpack(saved(here, "newest", tmp_path), tmp_path / "there")
    for run in (here, there):
        with training(run) as rest:
            assert rest.learner.step == 6
            rest._set({"id": "x", "changes": {"method.sigma": 0.05}})
            rest.run_to_end()
    assert_same(last_state(here), last_state(there))
    assert export(here)["metrics"] == export(there)["metrics"]


def test_it_can_be_forked(original: Run, tmp_path: Path) -> None:
    made = unpack(saved(original, "all", tmp_path), tmp_path / "elsewhere")
    (forked,) = fork(made, 12, ["sgd"])
    assert forked.experiment.method.name == "sgd"


def test_a_name_that_is_taken_gets_a_number(original: Run, tmp_path: Path) -> None:
    archive = saved(original, "none", tmp_path)
    names = [unpack(archive, tmp_path / "elsewhere").id for _ in range(3)]
    assert names == [original.id, f"{original.id}-2", f"{original.id}-3"]


def test_a_run_is_packed_while_it_trains(tmp_path: Path) -> None:
    """Whatever is written or removed meanwhile, the archive is of the moment at which it was asked for."""
    run = Run.create(tmp_path / "here", read(CONFIG))
    with training(run) as made:
        made.learner.take_step()
        made.recorder.record(1, 0.1, {"train/loss": 1.0})
        made._report_position()
        made._save()
        pieces = pack(run, "all")
        made.recorder.record(2, 0.2, {"train/loss": 2.0})
        made.recorder.flush()
        for path in (run.path / "checkpoints").iterdir():
            path.unlink()
        (tmp_path / "x.zip").write_bytes(b"".join(pieces))
        there = unpack(tmp_path / "x.zip", tmp_path / "there")
        assert run.is_locked()
    assert [metric.step for metric in there.records.metrics()] == [1]
    assert [one.step for one in checkpoints(there.path / "checkpoints")] == [1]
    writer = Writer(there.path / "run.db")
    writer.flush(Status(state="running"))
    writer.close()
    assert there.status().state == "interrupted"


def test_a_damaged_checkpoint_is_not_packed_and_a_newer_one_is(original: Run, tmp_path: Path) -> None:
    run = unpack(saved(original, "all", tmp_path), tmp_path / "elsewhere")
    newest = checkpoints(run.path / "checkpoints")[-1].path
    newest.write_bytes(newest.read_bytes()[:-1])
    for choice in ("newest", "all"):
        packed = contents(b"".join(pack(run, choice)))
        assert {name for name in packed if name.endswith(".pt")} == {"checkpoints/step-00000012.pt"}


def test_what_is_not_of_a_run_stays_at_home(original: Run, tmp_path: Path) -> None:
    run = unpack(saved(original, "none", tmp_path), tmp_path / "elsewhere")
    (run.path / "engine.log").write_text("where I live")
    (run.path / "arrays" / "notes.txt").write_text("x")
    (run.path / "arrays" / "secret.npz").symlink_to("/etc/passwd")
    write_atomically(run.path / "commands" / "1.json", b"{}")
    names = contents(b"".join(pack(run))).keys()
    assert not any("secret" in name or "notes" in name or "log" in name or "commands" in name for name in names)


def test_an_unknown_choice_is_refused_before_the_first_piece(original: Run) -> None:
    with pytest.raises(Refused, match="newest, all, none"):
        pack(original, "best")


def test_an_archive_that_nobody_fetches_leaves_nothing(original: Run) -> None:
    before = sorted(original.path.parent.iterdir())
    for taken in (0, 3):
        pieces = pack(original, "all")
        for _ in range(taken):
            next(pieces)
        del pieces
        gc.collect()
    assert sorted(original.path.parent.iterdir()) == before


@pytest.mark.slow
def test_a_large_run_is_packed_and_unpacked_in_little_memory(original: Run, tmp_path: Path) -> None:
    run = unpack(saved(original, "newest", tmp_path), tmp_path / "elsewhere")
    newest = checkpoints(run.path / "checkpoints")[-1]
    state = torch.load(newest.path, weights_only=True)
    state["loop"]["v"] = torch.zeros(75_000_000)
    checkpointer.save(newest.path.parent, newest.step, state)
    surroundings = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    command = [sys.executable, "-c", IN_LITTLE_MEMORY, str(run.path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=surroundings)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60
