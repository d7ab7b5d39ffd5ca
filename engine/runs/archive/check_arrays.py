"""Check somebody else's arrays: whether an .npz holds plain arrays of a modest size."""

import io
import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson

from engine.runs.archive.extract import PIECE_BYTES, BoundedFile
from engine.runs.archive.manifest import damaged, faulty

MOST_ARRAYS = 64
HEAD_BYTES = 2**16
MOST_NUMBERS = 2**20
"""In all arrays of a file together: whoever looks at them gets them as text."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\.npy")
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    OverflowError,
    SyntaxError,
)
"""What the readers raise at a file that holds no arrays, or was made to trip them."""


def check(path: Path) -> None:
    """Raises `Refused` unless every array in the file at `path` can be read without unpickling and without filling the memory."""
    name = f"arrays/{path.name}"
    try:
        with BoundedFile(path) as file, zipfile.ZipFile(file) as members:
            if len(members.infolist()) > MOST_ARRAYS:
                raise faulty(name, f"holds more than {MOST_ARRAYS} arrays")
            names = [member.filename for member in members.infolist()]
            if len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
                raise faulty(name, "holds an array whose name no engine gives")
            held = 0.0
            for member in members.infolist():
                is_huge = member.file_size > 8 * MOST_NUMBERS + HEAD_BYTES
                held += math.inf if is_huge else _numbers(_content(members, member))
                if held > MOST_NUMBERS:
                    raise faulty(name, "holds an array that is none, or a huge one")
        as_json(path)
    except UNREADABLE as error:
        raise damaged(name, error) from None


def _content(members: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """What is in one member, which is never more than it says of itself."""
    with members.open(member) as stream:
        return b"".join(iter(lambda: stream.read(PIECE_BYTES), b""))


def _numbers(content: bytes) -> float:
    """How many numbers an array holds; infinitely many if it is of anything else, empty, or not as large as it says."""
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        return math.inf
    shape, _, kind = np.lib.format.read_array_header_1_0(stream)
    is_usual = kind.kind in "biuf" and kind.itemsize <= 8 and len(shape) <= 2 and all(type(side) is int for side in shape)
    is_whole = min(shape, default=1) > 0 and math.prod(shape) * kind.itemsize == len(content) - stream.tell()
    return math.prod(shape) if is_usual and is_whole else math.inf


def as_json(stored: Path | BinaryIO) -> bytes:
    """The arrays in a file by name, NaN as null."""
    with np.load(stored, allow_pickle=False) as file:
        return orjson.dumps({key: file[key].tolist() for key in file})
