"""What ended a training, in words that name a cure."""

import errno
import sqlite3
from pathlib import Path

import pytest
import torch

from engine.errors import Problem, Refused
from engine.experiment.live_changes import apply_checked
from engine.experiment.schema import Experiment, read
from engine.files.space import why_not_written
from engine.training.step.learner import Diverged
from engine.training.trainer import failures
from engine.training.trainer.control import Gone, Stop

HERE = Path(__file__).parent


def database_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "state", "field", "words"),
    [
        (Stop(), "stopped", "", ""),
        (Refused(Problem("data.name", "is missing", "Fetch it")), "failed", "data.name", "Fetch it"),
        (Gone(), "failed", "run", "Put it back"),
        (Diverged("train/loss is not finite"), "diverged", "optimizer.lr", "Lower the learning rate"),
        (OSError(errno.ENOSPC, "no space"), "failed", "disk", "the disk is full"),
        (database_error(sqlite3.SQLITE_FULL), "failed", "disk", "the disk is full"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "failed", "schedule.batch_size", "memory"),
        (torch.AcceleratorError("CUDA error: device is lost\nmore"), "failed", "runtime.device", "device is lost. Resume from"),
        (RuntimeError("?"), "failed", "", "See the engine log"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_every_end_has_a_name(error: Exception, state: str, field: str, words: str) -> None:
    found = failures.name(error, Experiment(), HERE)
    assert (found.state, found.problem.field) == (state, field)
    assert words in found.problem.advice


def test_whatever_fails_in_a_folder_that_is_gone_comes_of_that() -> None:
    assert failures.name(FileNotFoundError("x"), Experiment(), HERE / "gone").problem.field == "run"


def test_every_remedy_is_a_change_that_can_be_made() -> None:
    experiment = read({"schedule": {"batch_size": 100}, "optimizer": {"lr": 0.3}})
    for error in (Diverged("x"), MemoryError()):
        remedy = failures.name(error, experiment, HERE).remedy
        after = apply_checked(experiment, remedy)
        assert remedy
        assert after != experiment
    assert failures.name(Diverged("x"), experiment, HERE).remedy == {"optimizer.lr": 0.15}


def test_memory_that_a_real_allocation_lacks_is_named() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    found = failures.name(caught.value, read({"schedule": {"batch_size": 100}}), HERE)
    assert found.problem.field == "schedule.batch_size"
    needed, there = failures.memory_needed(caught.value) or (0, 0)
    assert needed > 4 * 2**50 > there > 0
    assert found.remedy == {"runtime.accumulate": 100}


@pytest.mark.parametrize(
    ("images", "needed", "there", "fit"), [(128, 100, 50, 57), (128, 100, 95, 64), (2, 1000, 1, 1), (128, 0, 5, 64)]
)
def test_how_many_images_fit(images: int, needed: float, there: float, fit: int) -> None:
    assert failures.images_that_fit(images, needed, there) == fit


def test_other_errors_are_no_full_disk() -> None:
    assert why_not_written(OSError(errno.ENOENT, "x")) is None
    assert why_not_written(database_error(sqlite3.SQLITE_CORRUPT)) is None
    assert why_not_written(sqlite3.OperationalError("x")) is None
    assert why_not_written(ValueError()) is None
