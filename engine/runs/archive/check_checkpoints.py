"""Weights: whether somebody else's checkpoints are such, told by a process of its own that a hostile file cannot harm.

`python -m engine.runs.archive.check_checkpoints FOLDER` exits with 2 and says on stderr which file is wrong, and why.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from engine.processes import python
from engine.runs.archive.extract import BoundedFile
from engine.runs.archive.manifest import faulty
from engine.runs.checkpoints import checkpoints

PATIENCE_SECONDS = 600
WRONG = 2


def check(folder: Path) -> None:
    """Raises `Refused` unless every checkpoint in `folder` is whole and holds nothing but numbers, text and tensors."""
    found = checkpoints(folder)
    for one in found:
        if not one.is_whole:
            raise faulty(f"checkpoints/{one.path.name}", "is not what its .sha256 says")
        if _is_packed(one.path):
            raise faulty(f"checkpoints/{one.path.name}", "is no checkpoint")
    if found:
        _ask_torch(folder)


def _is_packed(path: Path) -> bool:
    """Whether a file is anything but a zip of plain parts, as torch writes them: parts that are packed could be huge."""
    try:
        with BoundedFile(path) as file, zipfile.ZipFile(file) as parts:
            entries = parts.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return True
    is_plain = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    return not is_plain or sum(entry.file_size for entry in entries) > path.stat().st_size


def _ask_torch(folder: Path) -> None:
    command = python("engine.runs.archive.check_checkpoints", str(folder.absolute()))
    surroundings = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    try:
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise faulty("checkpoints", f"take more than {PATIENCE_SECONDS} s to be read") from None
    if done.returncode == WRONG:
        name, _, reason = done.stderr.strip().splitlines()[-1].partition(": ")
        raise faulty(f"checkpoints/{name}", reason)
    if done.returncode:
        raise faulty("checkpoints", f"cannot be read ({done.stderr.strip()[-200:]})")


def main(folder: Path) -> int:
    """Read every checkpoint as an engine would, but without the memory it would take."""
    import torch

    for found in checkpoints(folder):
        try:
            state = torch.load(found.path, map_location="cpu", mmap=True, weights_only=True)
            fits = state["loop"]["step"] == found.step and state["loop"]["weights"].ndim == 1
        except Exception as error:  # noqa: BLE001 - whatever a stranger's file makes torch do, it is not a checkpoint
            reason = " ".join(str(error).split())
            print(f"{found.path.name}: is no checkpoint ({type(error).__name__}: {reason})", file=sys.stderr)
            return WRONG
        if not fits:
            print(f"{found.path.name}: is not of the step that its name says", file=sys.stderr)
            return WRONG
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
