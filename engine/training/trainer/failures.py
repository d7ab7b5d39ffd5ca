"""Failures: what ended a training, in words that name a cure."""

import re
import traceback
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import torch

from engine.errors import Problem, Refused
from engine.experiment.schema import Experiment
from engine.files.space import unforeseen, why_not_written
from engine.runs.status import State
from engine.training.step.learner import Diverged
from engine.training.trainer.control import Gone, Stop

_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_TRIED = re.compile(r"tried to allocate ([\d.]+) (bytes|KiB|MiB|GiB)", re.IGNORECASE)


class Failure(NamedTuple):
    """The state in which a training ended, why, and the changes of live fields with which it may go on."""

    state: State
    problem: Problem
    remedy: dict[str, Any] = {}  # noqa: RUF012 - nothing changes it


def name(error: Exception, experiment: Experiment, folder: Path) -> Failure:
    """What `error`, which ended the training of `experiment`, is called."""
    if isinstance(error, Gone) or not folder.exists():
        return Failure("failed", Problem("run", f"the folder {folder} was removed or renamed", "Put it back and resume"))
    match error:
        case Stop():
            return Failure("stopped", Problem("", ""))
        case Refused():
            return Failure("failed", error.problems[0], error.remedy)
        case Diverged():
            cure = "Lower the learning rate or σ; the last good checkpoint is kept"
            remedy = {"optimizer.lr": experiment.optimizer.lr / 2}
            return Failure("diverged", Problem("optimizer.lr", f"the training diverged: {error}", cure), remedy)
    return _of_the_machine(error, experiment, folder)


def _of_the_machine(error: Exception, experiment: Experiment, folder: Path) -> Failure:
    if (needed := memory_needed(error)) is not None:
        return _out_of_memory(experiment, *needed)
    if why_not_written(error):
        return Failure("failed", unforeseen(error, folder))
    traceback.print_exception(error)
    if isinstance(error, torch.AcceleratorError):
        what = f"the device stopped working: {str(error).partition(chr(10))[0]}"
        cure = "Resume from the last checkpoint; if it does so again, restart the machine, or clone the run with device = cpu"
        return Failure("failed", Problem("runtime.device", what, cure))
    return Failure("failed", unforeseen(error, folder))


def memory_needed(error: Exception) -> tuple[float, float] | None:
    """Bytes that the training would have needed and bytes there are, 0 where not known; None for another error."""
    text = str(error)
    on_device = isinstance(error, torch.OutOfMemoryError)
    if not (on_device or isinstance(error, MemoryError) or "can't allocate memory" in text):
        return None
    found = _TRIED.search(text)
    tried = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if on_device and torch.cuda.is_available():
        return tried + torch.cuda.max_memory_allocated(), torch.cuda.mem_get_info()[1]
    used = psutil.Process().memory_info().rss
    return tried + used, psutil.virtual_memory().available + used


def _out_of_memory(experiment: Experiment, needed: float, there: float) -> Failure:
    batch, parts = experiment.schedule.batch_size, experiment.runtime.accumulate
    fits = images_that_fit(-(-batch // parts), needed, there)
    smaller = -(-batch // fits)
    what = "the memory is used up"
    cure = f"Batches of {fits} images should fit, or `runtime.accumulate` = {smaller}, which computes the same batch in parts"
    return Failure("failed", Problem("schedule.batch_size", what, cure), {"runtime.accumulate": smaller})


def images_that_fit(images: int, needed: float, there: float) -> int:
    """How many images at a time should fit into 90 % of the memory, if `images` of them needed so much; at most half."""
    share = 0.9 * there / needed if needed else 0.5
    return max(1, int(images * min(share, 0.5)))
