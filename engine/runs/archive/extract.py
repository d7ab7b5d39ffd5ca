"""Extract the files of an archive, of which nothing is believed until it has been counted."""

import hashlib
import io
import os
import stat
import struct
import time
import zipfile
import zlib
from pathlib import Path

from engine.errors import Problem, Refused
from engine.runs.archive.manifest import MANIFEST, MOST_BYTES, MOST_FILES, damaged, faulty, most_bytes

PIECE_BYTES = 2**20
MOST_RATIO = 100
"""How many times as large as the archive its files may be, beyond the first few megabytes."""
ALWAYS_ALLOWED = 2**22
_LONGEST_CONTENTS = 4 * 2**20
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    LookupError,
    OverflowError,
)
"""What Python's reader raises at an archive that is none, or was made to trip it."""


def extract(archive: Path, folder: Path) -> dict[str, str]:
    """Write the files of `archive` into the new `folder`; the SHA-256 of each by name.

    Raises `Refused` if there is any file but those of a run, or one that is not plain, or more than there should be.
    """
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "arrays").mkdir()
    with BoundedFile(archive) as file:
        try:
            with zipfile.ZipFile(file) as found:
                _check_entries(found.infolist())
                return _written(found, folder, most=min(MOST_BYTES, ALWAYS_ALLOWED + MOST_RATIO * archive.stat().st_size))
        except _UNREADABLE as error:
            raise damaged("archive", error) from None


class BoundedFile(io.FileIO):
    """A file that is not read into memory whole, whatever it says about itself."""

    def read(self, size: int | None = -1) -> bytes:
        wanted = os.fstat(self.fileno()).st_size - self.tell() if size is None or size < 0 else size
        if wanted > _LONGEST_CONTENTS:
            raise Refused(Problem("archive", "its table of contents is too long", f"A run has at most {MOST_FILES} files"))
        return super().read(wanted)

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET and position < 0:
            raise zipfile.BadZipFile("points to a place before its beginning")
        return super().seek(position, whence)


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse whatever can be told to be wrong from the names and kinds alone."""
    if len(entries) > MOST_FILES:
        raise Refused(Problem("archive", f"has {len(entries)} files", f"A run has at most {MOST_FILES}"))
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        if most_bytes(name) is None or entry.filename != name:
            raise faulty(name, "is no file of a run", "Give an archive that RWP Studio has made, unchanged")
        if name.casefold() in seen:
            raise faulty(name, "is there twice")
        if entry.flag_bits & 0b1:
            raise faulty(name, "is encrypted", "Make the archive again without a password")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise faulty(name, "is compressed in an unusual way")
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise faulty(name, "is a link, a folder or a device, not a file")
        seen.add(name.casefold())
    for name in ("config.json", MANIFEST):
        if name not in seen:
            raise faulty(name, "is missing")


def _written(archive: zipfile.ZipFile, folder: Path, most: int) -> dict[str, str]:
    hashes = {}
    for entry in archive.infolist():
        allowed = min(most, most_bytes(entry.filename) or 0)
        written, hashes[entry.filename] = _copied(archive, entry, folder / entry.filename, allowed)
        most -= written
    return hashes


def _copied(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, most: int) -> tuple[int, str]:
    """Write one file of at most so many bytes; how many there were, and their SHA-256."""
    written, digest = 0, hashlib.sha256()
    with archive.open(entry) as source, target.open("xb") as file:
        while piece := source.read(PIECE_BYTES):
            written += len(piece)
            if written > most:
                raise faulty(entry.filename, "is larger than such a file, or all files of such an archive, can be")
            digest.update(piece)
            file.write(piece)
        if written != entry.file_size:
            raise faulty(entry.filename, "is not as large as the archive says")
        file.flush()
        os.fsync(file.fileno())
    changed = time.mktime((*entry.date_time, 0, 0, -1))
    os.utime(target, (changed, changed))
    return written, digest.hexdigest()
