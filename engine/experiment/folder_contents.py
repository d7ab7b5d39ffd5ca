"""Scan a folder of images: which it holds, class by class, and which of its files are passed over."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from engine.experiment import image_folder
from engine.experiment.fingerprint import ClassFiles, Fingerprint
from engine.files.plain_json import printable

SHOWN = 3
"""How many files that are passed over are named for each reason."""


class PassedOver(NamedTuple):
    """Files that are not used for one reason: how many there are, and the first of them."""

    reason: str
    files: int
    first: tuple[str, ...]

    def __str__(self) -> str:
        names = ", ".join(self.first) + (", …" if self.files > len(self.first) else "")
        return f"{self.files} × {self.reason} ({names})"


class Contents(NamedTuple):
    """The images that are there, and everything else."""

    fingerprint: Fingerprint
    passed_over: tuple[PassedOver, ...]


def contents(root: Path) -> Contents:
    """Look through all folders of classes below `root`. Raises `OSError` where one cannot be read."""
    passed_over: dict[str, list[str]] = {}
    parts = {part: dict(_classes(root, part, passed_over)) for part in image_folder.PARTS}
    found = (PassedOver(reason, len(names), tuple(sorted(names)[:SHOWN])) for reason, names in sorted(passed_over.items()))
    return Contents(Fingerprint(**parts), tuple(found))


def known_contents(root: Path) -> Contents:
    """`contents`, looked for again only where a folder has changed since."""
    return _known(root, _changed(root))


def _classes(root: Path, part: str, passed_over: dict[str, list[str]]) -> Iterator[tuple[str, ClassFiles]]:
    _note(image_folder.strays(root, part), root, passed_over)
    for name in image_folder.classes(root):
        entries = _note(image_folder.sorted_out(root, part, name), root, passed_over)
        yield printable(name), _class_files(sorted(entries, key=lambda entry: entry.name))


def _note(
    judged: Iterable[tuple["os.DirEntry[str]", str]], root: Path, passed_over: dict[str, list[str]]
) -> list["os.DirEntry[str]"]:
    """The images among some entries, after the others have been put on the list."""
    images = []
    for entry, reason in judged:
        if reason:
            passed_over.setdefault(reason, []).append(printable(os.path.relpath(entry.path, root)))
        else:
            images.append(entry)
    return images


def _class_files(images: list["os.DirEntry[str]"]) -> ClassFiles:
    digest = hashlib.sha256()
    for image in images:
        digest.update(os.fsencode(image.name) + b"\0%d\0" % image.stat().st_size)
    return ClassFiles(images=len(images), digest=digest.hexdigest()[:16])


@lru_cache(maxsize=8)
def _known(root: Path, _changes: tuple[int, ...]) -> Contents:
    return contents(root)


def _changed(root: Path) -> tuple[int, ...]:
    """When each folder was last changed, from which a file that came, went or was renamed can be told."""
    parts = [root / part for part in image_folder.PARTS]
    return tuple(
        path.stat().st_mtime_ns for part in parts for path in (part, *(part / name for name in image_folder.classes(root)))
    )
