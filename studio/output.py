"""Output: what the commands print, wherever it goes."""

import codecs
import json
import os
import sys
from io import TextIOWrapper
from typing import Any

from engine.files.plain_json import finite, printable

_ESCAPES = "rwp-escapes"


def prepare() -> None:
    """Let nothing that is printed fail: what the encoding lacks is escaped, a path keeps its bytes, a closed stream is none."""
    codecs.register_error(_ESCAPES, _escape)
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:  # it was closed, and the next file that is opened would take its place
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "r+" if name == "stdin" else "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=_ESCAPES)


def print_json(value: Any, indent: int | None = None) -> None:
    """Print JSON that every reader takes: in ASCII, and null for a number that is none."""
    print(json.dumps(finite(value), indent=indent, allow_nan=False))


def tell(what: object) -> None:
    """One line for whoever reads the errors."""
    print(f"rwp-studio: {' '.join(printable(str(what)).split())}", file=sys.stderr, flush=True)


def _escape(error: UnicodeError) -> tuple[bytes | str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return b"".join(map(_escaped, error.object[error.start : error.end])), error.end


def _escaped(character: str) -> bytes:
    code = ord(character)
    return bytes([code - 0xDC00]) if 0xDC80 <= code <= 0xDCFF else character.encode("ascii", "backslashreplace")
