"""Manifest: which files of a run an archive holds, how large each may be, and the list of them with their hashes."""

import re
from typing import Annotated, Literal

from pydantic import Field

from engine.errors import Problem, Refused
from engine.fields import Section
from engine.runs.run import SLUG

MANIFEST = "manifest.json"
FORMAT = 1
MOST_FILES = 10_000
MOST_BYTES = 16 * 2**30
"""How large all files of a run may be together."""

_TEXT, _ARRAY, _DATABASE, _DIGEST = 2**20, 2**24, 2**31, 64
_MOST_BYTES_OF = {
    r"config\.json|env\.json|labels\.json": _TEXT,
    r"data\.json": 16 * _TEXT,
    rf"{re.escape(MANIFEST)}": 2 * _TEXT,
    r"config\.sha256": _DIGEST,
    r"run\.db": _DATABASE,
    r"arrays/[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.npz": _ARRAY,
    r"checkpoints/step-[0-9]{8,12}\.pt": MOST_BYTES,
    r"checkpoints/step-[0-9]{8,12}\.sha256": _DIGEST,
    r"checkpoints/step-[0-9]{8,12}\.pin": 0,
}
AGAIN = "Make the archive again, with `rwp-studio export` or the Zip link of the run"


class Manifest(Section):
    """The last file of an archive: whose run it is, and the SHA-256 of every other file."""

    format: Literal[1] = 1
    run: str = Field(pattern=rf"^{SLUG.pattern}$")
    files: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]


def most_bytes(name: str) -> int | None:
    """How large the file called `name` may be; None if no such file belongs into an archive."""
    return next((most for pattern, most in _MOST_BYTES_OF.items() if re.fullmatch(pattern, name)), None)


def faulty(name: str, what: str, cure: str = AGAIN) -> Refused:
    """What is wrong with one file of an archive. Names and reasons may be somebody else's words: odd characters are not shown."""
    return Refused(Problem(_plain(name, 100), _plain(what, 300), cure))


def damaged(name: str, error: Exception) -> Refused:
    """That a file cannot be read, with what its reader had to say."""
    return faulty(name, f"is damaged, or is something else ({type(error).__name__}: {error})")


def _plain(text: str, most: int) -> str:
    line = " ".join(text.split())[:most]
    return "".join(character if character.isprintable() else "\ufffd" for character in line)
