"""Checkpoints: written so that a crash leaves either the old one or the new one, never half of one."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from engine.run import write_atomically

KEEP = 2


def save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write `state` as the checkpoint of `step`, with its SHA-256 beside it, and drop all but the newest two."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    path = folder / f"step-{step:08d}.pt"
    write_atomically(path.with_suffix(".sha256"), hashlib.sha256(content).hexdigest().encode())
    write_atomically(path, content)
    for old in sorted(folder.glob("step-*.pt"))[:-KEEP]:
        old.unlink()
        old.with_suffix(".sha256").unlink(missing_ok=True)
    return path


def load_newest(folder: Path, device: torch.device) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest checkpoint that is whole, if there is one, and the names of damaged newer ones."""
    damaged: list[str] = []
    for path in sorted(folder.glob("step-*.pt"), reverse=True):
        content = path.read_bytes()
        digest = path.with_suffix(".sha256")
        if digest.exists() and digest.read_text() == hashlib.sha256(content).hexdigest():
            state: dict[str, Any] = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
            return state, damaged
        damaged.append(path.name)
    return None, damaged
