"""A disk that loses its power: what it may hold afterwards, by what had been written and what had been synced."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.calls import Call

SECTOR = 512
VARIANTS = ("dropped", "emptied", "zeroed", "torn")
"""What becomes of what was not synced. `dropped`: all of it is lost. Else names are kept, and of what was written into the
files nothing is, zeros in its place are, or sectors chosen at random."""


@dataclass
class File:
    """What is safe of a file, and what has been done to it since: bytes at a place, or None to cut it off there."""

    safe: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def now(self) -> bytes:
        return self._after(self.since)

    def sync(self) -> None:
        self.safe, self.since = self.now(), []

    def left(self, variant: str, draws: random.Random) -> bytes:
        """What a crash leaves."""
        if variant in ("dropped", "emptied"):
            return self.safe
        if variant == "zeroed":
            return self._after([(at, content and bytes(len(content))) for at, content in self.since])
        return self._after([part for at, content in self.since for part in _torn(at, content, draws)])

    def _after(self, done: list[tuple[int, bytes | None]]) -> bytes:
        found = bytearray(self.safe)
        for at, content in done:
            if content is None:
                found = found[:at].ljust(at, b"\0")
            else:
                found = found.ljust(at, b"\0")
                found[at : at + len(content)] = content
        return bytes(found)


def _torn(at: int, content: bytes | None, draws: random.Random) -> Iterator[tuple[int, bytes | None]]:
    """The sectors of one write that reached the disk."""
    if content is None:
        yield at, None
        return
    for offset in range(0, len(content), SECTOR):
        if draws.random() < 0.5:
            yield at + offset, content[offset : offset + SECTOR]


@dataclass
class Folder:
    """The names in a folder: as programs see them, and as they are safe."""

    now: dict[str, "File | Folder"] = field(default_factory=dict)
    safe: dict[str, "File | Folder"] = field(default_factory=dict)

    def sync(self) -> None:
        self.safe = dict(self.now)

    def write_to(self, path: Path, variant: str, draws: random.Random) -> None:
        """Put what a crash leaves at `path`."""
        path.mkdir()
        for name, node in (self.safe if variant == "dropped" else self.now).items():
            if isinstance(node, Folder):
                node.write_to(path / name, variant, draws)
            elif not name.endswith("-shm"):  # shared memory between processes, which has no meaning after a crash
                (path / name).write_bytes(node.left(variant, draws))


class Disk:
    """A folder that is empty at first, as the calls of a program change it."""

    def __init__(self) -> None:
        self.top = Folder()
        self._open: dict[int, File | Folder] = {}
        self._at: dict[int, int] = {}

    def replay(self, calls: Iterable[Call]) -> Iterator[Call]:
        """Do what a program did; yields each call after which the disk, or what is safe of it, is another."""
        for call in calls:
            if self._do(call):
                yield call

    def _do(self, call: Call) -> bool:
        match call.name:
            case "openat":
                return bool(call.paths) and self._opened(call)
            case "rename" | "unlink" | "mkdir":
                return bool(call.paths) and self._renamed(call)
            case "close":
                self._open.pop(call.number, None)
            case "lseek":
                self._at[call.number] = call.result
            case _ if (node := self._open.get(call.number)) is not None:
                self._changed(node, call)
                return True
        return False

    def _changed(self, node: File | Folder, call: Call) -> None:
        if call.name in ("fsync", "fdatasync"):
            node.sync()
        elif isinstance(node, File) and call.name == "ftruncate":
            node.since.append((call.last, None))
        elif isinstance(node, File):
            at = call.last if call.name == "pwrite64" else self._at[call.number]
            node.since.append((at, call.content))
            self._at[call.number] = at + len(call.content)

    def _opened(self, call: Call) -> bool:
        parent, name = self._parent(call.paths[0])
        made = name not in parent.now
        node = parent.now.setdefault(name, File()) if name else self.top
        self._open[call.result] = node
        if isinstance(node, Folder):
            return False
        if cut := "O_TRUNC" in call.flags and not made:
            node.since.append((0, None))
        self._at[call.result] = len(node.now()) if "O_APPEND" in call.flags else 0
        return made or cut

    def _renamed(self, call: Call) -> bool:
        parent, name = self._parent(call.paths[0])
        if call.name == "mkdir":
            parent.now[name] = Folder()
            return True
        node = parent.now.pop(name)
        if call.name == "rename":
            other, new = self._parent(call.paths[1])
            other.now[new] = node
        return True

    def _parent(self, path: str) -> tuple[Folder, str]:
        *way, last = path.split("/")
        folder = self.top
        for name in way:
            inner = folder.now[name]
            assert isinstance(inner, Folder)
            folder = inner
        return folder, last
