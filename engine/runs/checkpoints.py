"""List the checkpoints in a run's folder, and prune them, without loading what is in them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from engine.files.within import is_plain, readable

NEWEST = 2
"""How many checkpoints are kept whatever they are."""


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint: the file, its SHA-256 beside it, and beside that a mark if somebody wants it kept."""

    path: Path

    @classmethod
    def of(cls, folder: Path, step: int) -> "Checkpoint":
        """The checkpoint of a step, whether it is there or not."""
        return cls(folder / f"step-{step:08d}.pt")

    @property
    def step(self) -> int:
        return int(self.path.stem.removeprefix("step-"))

    @property
    def digest(self) -> Path:
        return self.path.with_suffix(".sha256")

    @property
    def pin(self) -> Path:
        """There while the checkpoint is not to be removed."""
        return self.path.with_suffix(".pin")

    def content(self) -> bytes | None:
        """What is in it; None if that is not what was written."""
        try:
            with self._opened(self.path) as file, self._opened(self.digest) as digest:
                content = file.read()
                return content if digest.read() == hashlib.sha256(content).hexdigest().encode() else None
        except FileNotFoundError:
            return None

    @property
    def size(self) -> int | None:
        """Bytes; None if its engine has just removed it."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return None

    @property
    def is_whole(self) -> bool:
        """Whether it is what was written, told without holding it in memory."""
        try:
            with self._opened(self.path) as file, self._opened(self.digest) as digest:
                return digest.read() == hashlib.file_digest(file, "sha256").hexdigest().encode()
        except FileNotFoundError:
            return False

    def _opened(self, path: Path) -> BufferedReader:
        return readable(path.parent.parent, f"{path.parent.name}/{path.name}")

    def remove(self) -> None:
        self.path.unlink()
        self.digest.unlink(missing_ok=True)


def checkpoints(folder: Path) -> list[Checkpoint]:
    """All that are there, by step; a link is none."""
    paths = [] if folder.is_symlink() else folder.glob("step-[0-9]*.pt")
    return sorted((Checkpoint(path) for path in paths if path.stem[5:].isdecimal() and is_plain(path)), key=lambda c: c.step)


def best(found: list[Checkpoint], accuracies: dict[int, float]) -> int | None:
    """The step of the checkpoint with the highest of the test `accuracies` by step."""
    return max((one.step for one in found if one.step in accuracies), key=lambda step: accuracies[step], default=None)


def prune(folder: Path, accuracies: dict[int, float], is_milestone: Callable[[int], bool], budget: float | None = None) -> None:
    """Remove all but the newest two, the best, those pinned, and those whose step `is_milestone`.

    Of the last the oldest go too, until all take no more than `budget` bytes.
    """
    found = checkpoints(folder)
    top = best(found, accuracies)
    free = [one for one in found[:-NEWEST] if one.step != top and not one.pin.exists()]
    spare = [one for one in free if is_milestone(one.step)]
    for one in set(free) - set(spare):
        one.remove()
    excess = sum(one.size or 0 for one in checkpoints(folder)) - budget if budget is not None else 0
    for one in spare:
        if excess > 0:
            excess -= one.size or 0
            one.remove()
