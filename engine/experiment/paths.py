"""Paths as people type them: made absolute where they are taken in, and told apart from one that is there."""

import os
import unicodedata
from pathlib import Path

from engine.experiment.data import Folder
from engine.experiment.overrides import merge
from engine.experiment.schema import Experiment, read


def located(text: str) -> str:
    """The absolute path that somebody who works in this directory means. One that nobody can mean is left as it is."""
    typed = text.lstrip()
    if os.path.lexists(text) or not typed.startswith(("~", "/")):
        return str(_here() / text)
    return str(expanded(text)) if typed == text else text


def settled(experiment: Experiment) -> Experiment:
    """`experiment` with the path of its images as it is meant here, for an engine that works in another directory."""
    data = experiment.data
    if not isinstance(data, Folder) or (path := located(data.path)) == data.path:
        return experiment
    return read(merge(experiment.model_dump(), {"data": {"path": path}}))


def no_folder(path: Path) -> tuple[str, str]:
    """Why there is no folder at `path`, and the cure."""
    if twin := twin_of(path):
        what = f"{str(path)!r} is not there, but {str(twin)!r} is: they differ by a blank, or in how a letter is written"
        return what, f"Give {twin}"
    if str(path).startswith("~"):
        return f"there is no user {path.parts[0][1:]!r} on this machine", "Give the whole path"
    if not path.is_absolute():
        return f"{path} is relative, and an engine works in a folder of its own", "Give the whole path"
    return f"{path} is not a folder", "Give a folder that holds train/ and val/"


def twin_of(path: Path) -> Path | None:
    """What is there and differs from `path`, which is not, in blanks or the spelling of the same letters alone."""
    if os.path.lexists(path):
        return None
    meant = expanded(str(path).strip())
    found = Path(meant.anchor)
    for part in meant.parts[bool(meant.anchor) :]:
        next_one = found / part if os.path.lexists(found / part) else _like(found, part)
        if next_one is None:
            return None
        found = next_one
    return found


def expanded(text: str) -> Path:
    """`text` with the home of a user for its ~. Where there is no such user it stays."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # there is no such user
        return Path(text)


def _like(folder: Path, name: str) -> Path | None:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names are wanted, not paths
    except (OSError, ValueError):
        return None
    return next((folder / there for there in names if _plain(there) == _plain(name)), None)


def _plain(name: str) -> str:
    """`name` without blanks and characters that cannot be seen, each letter in one way."""
    return "".join(c for c in unicodedata.normalize("NFKC", name) if not c.isspace() and unicodedata.category(c) != "Cf")


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # the directory was deleted
        return Path()
