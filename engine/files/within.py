"""Open files of a folder safely: none leads elsewhere, and none makes whoever opens it wait."""

import errno
import os
import stat
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from engine.errors import Problem, Refused

_NO_FILE = (errno.ELOOP, errno.ENOTDIR, errno.ENXIO)
"""What the system says at a link, at a file in the place of a folder, and at a pipe that nobody reads."""
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def is_plain(path: Path) -> bool:
    """Whether there is a file, and not a link to one, a pipe or a device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def readable(folder: Path, name: str) -> BufferedReader:
    """The file `name` below `folder`, to be read. Raises `FileNotFoundError` if it is not there or no plain file, or if
    the folder or one on the way is a link."""
    *parents, last = name.split("/")
    try:
        with ExitStack() as held:
            place = _entered(held, os.fspath(folder), None)
            for parent in parents:
                place = _entered(held, parent, place)
            if not stat.S_ISREG(os.stat(last, dir_fd=place, follow_symlinks=False).st_mode):
                raise FileNotFoundError(errno.ENOENT, "is no plain file", name)
            return os.fdopen(os.open(last, os.O_RDONLY | _SAFELY, dir_fd=place), "rb")
    except OSError as error:
        if error.errno in _NO_FILE:
            raise FileNotFoundError(errno.ENOENT, "is no plain file", name) from None
        raise


def writable(path: Path) -> BinaryIO:
    """The file at `path`, to be written at its end, and made if need be. Raises `Refused` if it is anything else."""
    refused = Refused(Problem(str(path), "is a link, a pipe or a device, and no file", "Remove it"))
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _SAFELY, 0o666), "ab")
    except OSError as error:
        if error.errno in (*_NO_FILE, errno.EISDIR):
            raise refused from None
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise refused
    return file


def _entered(held: ExitStack, folder: str, place: int | None) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _SAFELY, dir_fd=place)
    held.callback(os.close, descriptor)
    return descriptor
