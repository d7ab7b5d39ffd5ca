"""Arrays: whether somebody else's .npz holds plain arrays of a modest size."""

import io
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from engine.archive.extract import PIECE_BYTES, Wary
from engine.archive.layout import damaged, faulty

MOST_ARRAYS = 64
MOST_BYTES = 2**24


def check(path: Path) -> None:
    """Raises `Refused` unless every array in the file at `path` can be read without unpickling and without filling the memory."""
    name = f"arrays/{path.name}"
    try:
        with Wary(path) as file, zipfile.ZipFile(file) as members:
            if len(members.infolist()) > MOST_ARRAYS:
                raise faulty(name, f"holds more than {MOST_ARRAYS} arrays")
            for member in members.infolist():
                if member.file_size > MOST_BYTES or not _is_plain(_content(members, member)):
                    raise faulty(name, "holds an array that is none, or a huge one")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError) as error:
        raise damaged(name, error) from None


def _content(members: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """What is in one member, which is never more than it says of itself."""
    with members.open(member) as stream:
        return b"".join(iter(lambda: stream.read(PIECE_BYTES), b""))


def _is_plain(content: bytes) -> bool:
    """Whether an array is as large as its head says, and of numbers."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read_head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read_head(stream)
    return not kind.hasobject and math.prod(shape) * kind.itemsize == len(content) - stream.tell()
