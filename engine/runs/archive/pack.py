"""Pack a run as a zip archive, piece by piece while somebody receives it, and while an engine trains."""

import hashlib
import io
import os
import sqlite3
import time
import zipfile
from collections.abc import Generator
from contextlib import ExitStack, suppress
from itertools import islice
from typing import BinaryIO

from engine.errors import Problem, Refused
from engine.experiment import fingerprint
from engine.files.space import why_not_written
from engine.files.within import is_plain
from engine.runs.archive.manifest import MANIFEST, Manifest, most_bytes
from engine.runs.archive.staging import staging_folder
from engine.runs.checkpoints import checkpoints
from engine.runs.reader import DATABASE
from engine.runs.run import Run

CHOICES = ("newest", "all", "none")
"""Which checkpoints an archive can hold."""
PIECE_BYTES = 2**20
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)

Pieces = Generator[bytes, None, None]


def pack(run: Run, choice: str = "newest") -> Pieces:
    """The archive of `run` as it is at this moment, in pieces. What is refused is refused before the first of them.

    The checkpoints are opened before the database is copied: so it knows of every step that one of them has made.
    """
    if choice not in CHOICES:
        raise Refused(Problem("checkpoints", f"{choice[:64]!r} is unknown", f"Choose one of {', '.join(CHOICES)}"))
    with ExitStack() as stack:
        saved = _opened(stack, run, _checkpoints(run, choice))
        first = _opened(stack, run, ["config.json", "config.sha256", "env.json", "labels.json", fingerprint.FILE])
        if is_plain(run.path / DATABASE):
            first[DATABASE] = stack.enter_context(_database(run))
        arrays = _opened(stack, run, sorted(f"arrays/{path.name}" for path in (run.path / "arrays").glob("*.npz")))
        pieces = _pieces(stack.pop_all(), run.id, first | arrays | saved)
        next(pieces)  # from here on the files are closed also where nobody takes a piece
        return pieces


def _checkpoints(run: Run, choice: str) -> list[str]:
    """The files of the chosen checkpoints; one that is damaged is of no use to anybody."""
    most = {"newest": 1, "all": None, "none": 0}[choice]
    chosen = islice((one for one in reversed(checkpoints(run.path / "checkpoints")) if one.is_whole), most)
    return [f"checkpoints/{path.name}" for one in chosen for path in (one.digest, one.pin, one.path)]


def _opened(stack: ExitStack, run: Run, names: list[str]) -> dict[str, BinaryIO]:
    """Those of the files that are there and no links; they stay as they are, although their names may go to others."""
    found: dict[str, BinaryIO] = {}
    for name in names:
        if most_bytes(name) is not None:
            with suppress(FileNotFoundError):
                found[name] = stack.enter_context(run.file(name))
    return found


def _database(run: Run) -> BinaryIO:
    """A copy of the run's database without a name."""
    with staging_folder(run.path.parent) as place:
        try:
            run.records.backup(place / DATABASE)
        except sqlite3.Error as error:
            cure = "Make room on the disk" if why_not_written(error) else "Resume the run, or take a copy of its folder"
            raise Refused(Problem(f"{run.id}/{DATABASE}", f"cannot be copied: {error}", cure)) from None
        return (place / DATABASE).open("rb")


def _pieces(stack: ExitStack, name: str, files: dict[str, BinaryIO]) -> Pieces:
    sink, hashes = _Sink(), {}
    with stack, zipfile.ZipFile(sink, "w") as archive:
        yield sink.taken()
        for path, file in files.items():
            digest = hashlib.sha256()
            with archive.open(_entry(path, os.fstat(file.fileno()).st_mtime), "w", force_zip64=True) as entry:
                while piece := file.read(PIECE_BYTES):
                    digest.update(piece)
                    entry.write(piece)
                    yield sink.taken()
            hashes[path] = digest.hexdigest()
        archive.writestr(_entry(MANIFEST, time.time()), Manifest(run=name, files=hashes).model_dump_json(indent=2))
    yield sink.taken()


def _entry(name: str, changed: float) -> zipfile.ZipInfo:
    """Weights and arrays are stored as they are: nothing makes them much smaller."""
    entry = zipfile.ZipInfo(name, max(_FIRST_DATE, time.localtime(changed)[:6]))
    entry.compress_type = zipfile.ZIP_STORED if name.endswith((".pt", ".npz")) else zipfile.ZIP_DEFLATED
    return entry


class _Sink(io.RawIOBase):
    """Holds what has been written until it is taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken
