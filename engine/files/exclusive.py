"""A file lock that threads and processes hold one at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.files.within import writable


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until nobody holds the lock file at `path`, then hold it."""
    with writable(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
