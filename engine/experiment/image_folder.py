"""A folder of images: train/ and val/, in each one folder of images per class."""

import os
from collections.abc import Iterator
from pathlib import Path

from engine.errors import Problem
from engine.experiment.paths import no_folder

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
    return sorted(entry.name for entry, reason in sorted_out(root, part, name) if not reason)


def sorted_out(root: Path, part: str, name: str) -> Iterator[tuple["os.DirEntry[str]", str]]:
    """Everything in the folder of a class, each with the reason why it is passed over, empty for an image."""
    with os.scandir(root / part / name) as entries:
        for entry in entries:
            yield entry, _why_not(entry, root)


def strays(root: Path, part: str) -> Iterator[tuple["os.DirEntry[str]", str]]:
    """What lies in train/ or val/ and is no class, with the reason."""
    with os.scandir(root / part) as entries:
        for entry in entries:
            if not _is_class(entry, root):
                yield entry, _strange(entry, root) or "outside of the folders of classes"


def _why_not(entry: "os.DirEntry[str]", root: Path) -> str:
    if strange := _strange(entry, root):
        return strange
    if entry.is_dir():
        return "a folder within that of a class"
    suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - a million names
    return "" if suffix in SUFFIXES else f"{suffix} is not read" if suffix else "its name has no ending"


def _strange(entry: "os.DirEntry[str]", root: Path) -> str:
    """Why `entry` is passed over whatever it is called."""
    if entry.name.startswith("."):
        return "hidden"
    if not _belongs(entry, root):
        return "a link that leads out of the folder"
    if not (entry.is_dir() or entry.is_file()):
        return "a link to nothing" if entry.is_symlink() else "no ordinary file"
    return ""


def _class_problems(root: Path, train: set[str], val: set[str]) -> list[Problem]:
    for part, names in (("train", train), ("val", val)):
        if not names:
            cure = _advice_for_links(root, part) or "Put the images of each class into a folder of its own"
            return [_problem(f"{root / part} has no class folders in it", cure)]
    if apart := sorted(train ^ val):
        has, lacks = ("train", "val") if apart[0] in train else ("val", "train")
        what = f"class {apart[0]!r} is in {has}/ and not in {lacks}/"
        cure = _advice_for_class(root, has, lacks, apart[0])
        return [_problem(what + (f", as with {len(apart) - 1} more" if apart[1:] else ""), cure)]
    if len(train) < 2:
        cure = _advice_for_links(root, "train") or "Give at least two folders of images to tell apart"
        return [_problem(f"{root / 'train'} has only one class", cure)]
    return []


def _advice_for_class(root: Path, has: str, lacks: str, name: str) -> str:
    for entry, reason in strays(root, lacks):
        if entry.name == name:
            return f"{entry.path} is there, but is passed over: {reason}. Put a folder with the images itself in its place"
    return f"Make the folder {root / lacks / name} with images of it, or remove {root / has / name}"


def _advice_for_links(root: Path, part: str) -> str:
    links = sorted(entry.path for entry, _ in strays(root, part) if entry.is_symlink())
    return f"{links[0]} is a link that leads out of {root} or nowhere: put the folder itself in its place" if links else ""


def _classes(root: Path, part: str) -> set[str]:
    with os.scandir(root / part) as entries:
        return {entry.name for entry in entries if _is_class(entry, root)}


def _is_class(entry: "os.DirEntry[str]", root: Path) -> bool:
    return not entry.name.startswith(".") and _belongs(entry, root) and entry.is_dir()


def _belongs(entry: "os.DirEntry[str]", root: Path) -> bool:
    """Whether `entry` is no link that leads out of `root`."""
    return not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root.resolve())


def _problem(what: str, cure: str) -> Problem:
    return Problem("data.path", what, cure)
