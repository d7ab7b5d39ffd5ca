"""Private folders for temporary files, gone again when the studio ends."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Problem, Refused
from engine.runs.archive.staging import staging_folder


@contextmanager
def scratch() -> Iterator[Path]:
    """A private folder for what Gradio keeps for a while."""
    with private_folder() as folder:
        os.environ["GRADIO_TEMP_DIR"] = str(folder)
        yield folder


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that nobody else can look into; what killed studios have left in theirs is removed first."""
    own = Path(tempfile.gettempdir()) / f"rwp-studio-{os.getuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    if not _is_private(own.lstat()):
        raise Refused(Problem(str(own), "is open to others", "Remove it, or set TMPDIR to a folder of your own"))
    with staging_folder(own) as folder:
        yield folder


def _is_private(found: os.stat_result) -> bool:
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
