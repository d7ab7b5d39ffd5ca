"""Tell a full disk from every other fault, and keep a reserve with which to say so."""

import errno
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from engine.errors import Problem

RESERVE_BYTES = 262_144

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file would become larger than is allowed",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "the folder is write-protected",
    errno.EPERM: "the folder is write-protected",
}
_DATABASE_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the database is write-protected",
    sqlite3.SQLITE_IOERR: "the disk takes no more",
}


def why_not_written(error: Exception) -> str | None:
    """Why `error` came of a disk that takes nothing at present, but may again; None for every other error."""
    if isinstance(error, sqlite3.Error):
        return _DATABASE_REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return _REASONS.get(error.errno or 0) if isinstance(error, OSError) else None


def unforeseen(error: Exception, folder: Path) -> Problem:
    """What an error that nobody has dealt with is called: the disk of `folder` takes nothing, or it is our own."""
    if reason := why_not_written(error):
        return Problem("disk", f"{reason}: {error}", f"Make room for {folder}, make it writable, and resume")
    return Problem("", f"the engine met an error of its own ({type(error).__name__}: {error})", "See the engine log")


class Reserve:
    """A file that is given up when the disk is full, so that there is room to write that it is."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".reserve"

    def take(self) -> None:
        """Take the space, if it is there."""
        if not self._path.exists():
            try:
                self._path.write_bytes(os.urandom(RESERVE_BYTES))  # which no file system can make smaller
            except OSError as error:
                if why_not_written(error) is None:
                    raise
                self.release()

    def release(self) -> None:
        with suppress(OSError):  # where nothing can be removed either, there is no more to be done
            self._path.unlink()
