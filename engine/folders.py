"""A folder of images: train/ and val/, in each one folder of images per class."""

import os
from pathlib import Path

from engine.errors import Problem
from engine.paths import no_folder

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
PARTS = ("train", "val")


def problems(root: Path) -> list[Problem]:
    """What keeps `root` from being one. Looks at its folders, not at the images in them."""
    try:
        return _missing(root) or _class_problems(root, *(_classes(root, part) for part in PARTS))
    except OSError as error:
        return [unreadable(error)]


def _missing(root: Path) -> list[Problem]:
    if not os.path.isdir(root):  # noqa: PTH112 - never raises, whatever the path
        return [_problem(*no_folder(root))]
    for part in PARTS:
        if not (root / part).is_dir():
            return [
                _problem(f"{root} has no {part}/ in it", "It needs train/ and val/, with a folder of images per class in each")
            ]
    return []


def unreadable(error: OSError) -> Problem:
    return _problem(f"{error.filename} cannot be read: {error.strerror}", "Make it readable, or give another path")


def empty(root: Path, part: str, name: str) -> Problem:
    """A class without images."""
    what = f"{root / part / name} has no readable image in it"
    return _problem(what, f"Put images ({', '.join(SUFFIXES)}) into it, or remove it from train/ and val/")


def classes(root: Path) -> tuple[str, ...]:
    """The names of the classes, in alphabetical order."""
    return tuple(sorted(_classes(root, "train")))


def files(root: Path, part: str, name: str) -> list[str]:
    """The images of a class, by name."""
    return sorted(
        entry.name
        for entry in _inside(root / part / name, root)
        if os.path.splitext(entry.name)[1].lower() in SUFFIXES and entry.is_file()  # noqa: PTH122 - a million names
    )


def _class_problems(root: Path, train: set[str], val: set[str]) -> list[Problem]:
    for part, names in (("train", train), ("val", val)):
        if not names:
            return [
                _problem(f"{root / part} has no class folders in it", "Put the images of each class into a folder of its own")
            ]
    if apart := sorted(train ^ val):
        has, lacks = ("train", "val") if apart[0] in train else ("val", "train")
        what = f"class {apart[0]!r} is in {has}/ and not in {lacks}/"
        cure = f"Make the folder {root / lacks / apart[0]} with images of it, or remove {root / has / apart[0]}"
        return [_problem(what + (f", as with {len(apart) - 1} more" if apart[1:] else ""), cure)]
    if len(train) < 2:
        return [_problem(f"{root / 'train'} has only one class", "Give at least two folders of images to tell apart")]
    return []


def _classes(root: Path, part: str) -> set[str]:
    return {entry.name for entry in _inside(root / part, root) if entry.is_dir()}


def _inside(folder: Path, root: Path) -> list["os.DirEntry[str]"]:
    """What lies in `folder`, neither hidden nor a link that leads out of `root`."""
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".") and _belongs(entry, root)]


def _belongs(entry: "os.DirEntry[str]", root: Path) -> bool:
    return not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root.resolve())


def _problem(what: str, cure: str) -> Problem:
    return Problem("data.path", what, cure)
