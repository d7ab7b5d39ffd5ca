"""Runs made before experiments had a format number: `tests/data/format-1` holds one that was killed, and an archive."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from engine.errors import Refused
from engine.experiment.schema import FORMAT, Experiment, read, read_stored
from engine.runs.archive import pack, unpack
from engine.runs.lineage import fork, replay
from engine.runs.run import Run
from studio.queries.listing import Listing
from tests.engine.runs.archive.conftest import Files, contents, zipped
from tests.engine.runs.test_lineage import training

STORED = Path(__file__).parents[2] / "data" / "format-1"


@pytest.fixture
def killed(tmp_path: Path) -> Run:
    """Six steps of twelve were made, σ was changed after the fourth, and the checkpoint is of the fourth."""
    shutil.copytree(STORED / "runs", tmp_path / "runs")
    (run,) = Run.all(tmp_path / "runs")
    return run


def losses(run: Run) -> list[float]:
    return [metric.value for metric in run.records.metrics() if metric.name == "train/perturbed_loss"]


def test_it_is_listed(killed: Run) -> None:
    (entry,) = Listing(killed.path.parent).entries()
    assert (entry.status.state, entry.status.step, entry.experiment.format) == ("interrupted", 6, 1)


def test_it_goes_on_with_the_noise_it_would_have_had(killed: Run) -> None:
    """The two steps after the checkpoint are taken again, with the losses that were recorded then."""
    recorded = losses(killed)
    with training(killed) as made:
        assert made.learner.step == 4
        made.run_to_end()
    assert len(recorded) == 6
    assert losses(killed)[:6] == pytest.approx(recorded, rel=1e-4)
    assert len(losses(killed)) == 12


def test_its_fork_draws_as_it_does(killed: Run) -> None:
    recorded = losses(killed)
    (made,) = fork(killed, 4)
    assert made.experiment.format == 1
    with training(made) as begun:
        begun.run_to_end()
    assert losses(made)[:2] == pytest.approx(recorded[4:], rel=1e-4)


def test_its_archive_is_taken_in_and_replayed(tmp_path: Path) -> None:
    run = unpack(STORED / "finished.zip", tmp_path)
    assert run.experiment.format == 1
    again = replay(run)
    with training(again) as made:
        made.run_to_end()
    assert losses(again) == pytest.approx(losses(run), rel=1e-4)


def test_it_is_exported_and_taken_in_elsewhere(killed: Run, tmp_path: Path) -> None:
    archive = tmp_path / "killed.zip"
    archive.write_bytes(b"".join(pack(killed, "all")))
    run = unpack(archive, tmp_path / "elsewhere")
    assert (run.experiment, run.records.changes()) == (killed.experiment, killed.records.changes())
    with training(run) as made:
        assert made.learner.step == 4


def test_a_new_experiment_draws_other_numbers(killed: Run) -> None:
    content = killed.experiment.model_dump()
    new = Run.create(killed.path.parent, read({**content, "format": FORMAT}))
    with training(new) as made:
        made.run_to_end()
    assert losses(new)[0] != pytest.approx(losses(killed)[0], rel=1e-4)


def test_a_stored_experiment_without_a_format_is_of_the_first() -> None:
    assert (read_stored({}).format, read_stored({"format": 2}).format, read({}).format, Experiment().format) == (
        1,
        2,
        FORMAT,
        FORMAT,
    )
    assert (read_stored({"seed": 3}).root, read({"seed": 3}).root > 2**128) == (3, True)


def test_a_newer_run_is_refused_by_name(killed: Run) -> None:
    path = killed.path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": FORMAT + 1}))
    (killed.path / "config.sha256").unlink()
    with pytest.raises(
        Refused, match=rf"format: this version of RWP Studio knows formats up to {FORMAT}; update it \(got {FORMAT + 1}\)"
    ):
        _ = killed.experiment


def newer(archive: bytes) -> Files:
    files = contents(archive)
    return {**files, "manifest.json": json.dumps({**json.loads(files["manifest.json"]), "format": 2}).encode()}


def test_a_newer_archive_is_refused_by_name(tmp_path: Path, killed: Run) -> None:
    archive = zipped(tmp_path / "newer.zip", newer(b"".join(pack(killed, "none"))))
    with pytest.raises(Refused, match=r"format 2, and this version of RWP Studio knows formats up to 1\. Update"):
        unpack(archive, tmp_path)
    assert Run.all(tmp_path) == []


def test_what_was_learned_lies_in_the_checkpoint(killed: Run) -> None:
    (file,) = (killed.path / "checkpoints").glob("*.pt")
    assert torch.load(file, weights_only=True)["loop"]["step"] == 4
