"""Locks: of one run, which its engine holds, and of a folder of runs, in which one at a time puts things in order."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from engine.errors import Problem, Refused
from engine.files.exclusive import exclusive
from engine.files.within import readable, writable


def arranging(runs: Path) -> AbstractContextManager[None]:
    """Nothing in a folder of runs is queued, moved, started or deleted by anybody else meanwhile."""
    return exclusive(runs / ".queue.lock")


@contextmanager
def hold(run: Path, inherited: int | None = None) -> Iterator[int]:
    """Hold the folder of a run for one engine. Raises `Refused` if another one has it.

    Yields the descriptor of the lock: a process that inherits it, and takes it from there as `inherited`, holds the
    folder on without a gap. All who have inherited it hold the folder until one of them leaves in good order.
    """
    with writable(run / "lock") if inherited is None else open(inherited, "ab", closefd=False) as file:
        for attempt in range(20):  # a reader that looks at the lock has it for an instant
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == 19:
                    raise Refused(Problem("run", f"{run.name} is already being trained", "Wait for it or stop it")) from None
                time.sleep(0.05)
        yield file.fileno()
        if inherited is not None:
            fcntl.flock(file, fcntl.LOCK_UN)


def is_held(run: Path) -> bool:
    """Whether an engine is at work in the folder of a run."""
    try:
        with readable(run, "lock") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
