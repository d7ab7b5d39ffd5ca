"""Checkpoints: written so that a crash leaves either the old one or the new one, never half of one."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from engine.files.atomic import write_atomically
from engine.runs.checkpoints import Checkpoint, checkpoints, prune
from engine.runs.run import Run
from engine.training.step.learner import Learner
from engine.training.trainer.disk_retry import DiskRetry
from engine.training.trainer.recorder import Recorder


def save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write `state` as the checkpoint of `step`, with its SHA-256 beside it."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    made = Checkpoint.of(folder, step)
    write_atomically(made.digest, hashlib.sha256(content).hexdigest().encode())
    write_atomically(made.path, content)
    return made.path


def load_newest(folder: Path, device: torch.device) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest checkpoint that is whole, if there is one, and the names of damaged newer ones."""
    damaged: list[str] = []
    for found in reversed(checkpoints(folder)):
        if (content := found.content()) is not None:
            state: dict[str, Any] = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
            return state, damaged
        damaged.append(found.path.name)
    return None, damaged


class Checkpointer:
    """Saves a training, and removes the checkpoints that need not stay."""

    def __init__(self, run: Run, learner: Learner, recorder: Recorder, retry: DiskRetry) -> None:
        self._folder = run.path / "checkpoints"
        self._learner, self._recorder, self._retry = learner, recorder, retry
        self.saved = -1
        """The step of the newest checkpoint."""

    def load(self) -> dict[str, Any] | None:
        """The newest checkpoint that is whole, if there is one. Damaged ones are reported."""
        for draft in self._folder.glob(".*"):  # of an engine that was killed while it saved
            draft.unlink()
        state, damaged = load_newest(self._folder, self._learner.model.weights.device)
        for name in damaged:
            self._recorder.event("damaged checkpoint", file=name)
        return state

    def save(self, state: dict[str, Any], accuracies: dict[int, float]) -> None:
        """Save `state`; the checkpoint of the best of `accuracies`, by step, stays. Raises `Stop`."""
        self._recorder.flush()  # what happened before the checkpoint is not repeated after it
        self._retry.write(self._recorder.flush_late)
        step = self._learner.step
        path = self._retry.write(lambda: save(self._folder, step, state))
        self.saved = step
        self._recorder.event("checkpoint", file=path.name)
        budget = self._learner.experiment.runtime.disk_budget
        prune(self._folder, accuracies, self._is_milestone, budget * 1e9 if budget else None)

    def _is_milestone(self, step: int) -> bool:
        """Whether the checkpoint of `step` is one of those that `runtime.keep_every` keeps."""
        every = self._learner.experiment.runtime.keep_every
        epoch, seen, _ = self._learner.data.batch_schedule.at(step)
        return every > 0 and seen == 0 and epoch % every == 0
