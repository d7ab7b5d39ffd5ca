"""Staging folder: hidden beside the runs, for files that are on their way in or out."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.files.exclusive import exclusive

_PREFIX = ".transfer-"


@contextmanager
def staging_folder(runs: Path) -> Iterator[Path]:
    """A new folder on the disk of `runs`, gone at the end; those that killed programs have left are removed first.

    Where that disk can only be read it is one for temporary files.
    """
    if runs.is_dir() and not os.access(runs, os.W_OK):
        with tempfile.TemporaryDirectory(prefix=_PREFIX) as elsewhere:
            yield Path(elsewhere)
        return
    runs.mkdir(parents=True, exist_ok=True)
    everybody = runs / ".transfer.lock"
    with exclusive(everybody):
        _sweep(runs)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=runs))
        held = (folder / "lock").open("w")
        fcntl.flock(held, fcntl.LOCK_EX)
    with held:
        try:
            yield folder
        finally:
            with exclusive(everybody):
                shutil.rmtree(folder)


def sweep(runs: Path) -> None:
    """Remove what killed programs have left of transfers beside the `runs`, if there is any and it can be removed."""
    if any(runs.glob(f"{_PREFIX}*")) and os.access(runs, os.W_OK):
        with exclusive(runs / ".transfer.lock"):
            _sweep(runs)


def _sweep(runs: Path) -> None:
    for folder in runs.glob(f"{_PREFIX}*"):
        if not _is_in_use(folder):
            shutil.rmtree(folder)


def _is_in_use(folder: Path) -> bool:
    try:
        with (folder / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:  # its program was killed before it came to that
        return False
    except BlockingIOError:
        return True
