"""Checkpoints: written so that a crash leaves either the old one or the new one, never half of one."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from engine.files.atomic import write_atomically
from engine.runs.checkpoints import Checkpoint, checkpoints


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
