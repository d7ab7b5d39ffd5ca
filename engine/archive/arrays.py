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
HEAD_BYTES = 2**16
MOST_NUMBERS = 2**20
"""In all arrays of a file together: whoever looks at them gets them as text."""


def check(path: Path) -> None:
    """Raises `Refused` unless every array in the file at `path` can be read without unpickling and without filling the memory."""
    name = f"arrays/{path.name}"
    try:
        with Wary(path) as file, zipfile.ZipFile(file) as members:
            if len(members.infolist()) > MOST_ARRAYS:
                raise faulty(name, f"holds more than {MOST_ARRAYS} arrays")
            held = 0.0
            for member in members.infolist():
                is_huge = member.file_size > 8 * MOST_NUMBERS + HEAD_BYTES
                held += math.inf if is_huge else _numbers(_content(members, member))
                if held > MOST_NUMBERS:
                    raise faulty(name, "holds an array that is none, or a huge one")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError) as error:
        raise damaged(name, error) from None


def _content(members: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """What is in one member, which is never more than it says of itself."""
    with members.open(member) as stream:
        return b"".join(iter(lambda: stream.read(PIECE_BYTES), b""))


def _numbers(content: bytes) -> float:
    """How many numbers an array holds; infinitely many if it is of anything else, empty, or not as large as it says."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read_head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read_head(stream)
    is_plain = kind.kind in "biuf" and len(shape) <= 2 and math.prod(shape) * kind.itemsize == len(content) - stream.tell() > 0
    return math.prod(shape) if is_plain else math.inf
