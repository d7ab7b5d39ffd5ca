"""Files below the data folder: whatever is wrong with one is told by its name."""

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Problem, Refused

_FULL = (errno.ENOSPC, errno.EDQUOT)


def damaged(path: Path) -> Refused:
    """What is raised for a file that is not what it should be."""
    cure = "Delete it, so that it is unpacked or downloaded again, or put a good copy in its place"
    return Refused(Problem("data.name", f"{path} is damaged or incomplete", cure))


def verified(path: Path, md5: str | None = None) -> bytes:
    """The content of `path`. Raises `Refused` if it cannot be read or has another MD5 sum."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refused(Problem("data.name", f"{path} cannot be read: {error.strerror}", "Make it readable")) from None
    if md5 is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise damaged(path)
    return content


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the failures of writing into `folder` into `Refused`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        what = "the disk is full" if error.errno in _FULL else f"{error.strerror or error}"
        cure = "Free some space" if error.errno in _FULL else "Make it a folder that can be written to"
        raise Refused(
            Problem("data.name", f"{folder} cannot be written to: {what}", f"{cure}, or use another data folder")
        ) from None
