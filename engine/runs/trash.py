"""Trash: runs that somebody deleted, whole and out of sight, until the trash is emptied."""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from engine.errors import Problem, Refused
from engine.files.exclusive import exclusive
from engine.runs.lock import arranging
from engine.runs.run import Run, under_free_name


class Trash:
    """The deleted runs of one folder of runs. A run is in it or not: it comes and goes by one renaming."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self.folder = runs / ".trash"

    def runs(self) -> list[Run]:
        """The deleted runs, newest first."""
        return Run.all(self.folder)

    @property
    def changed(self) -> int:
        """A number that is another one whenever a run has come or gone."""
        return self.folder.stat().st_mtime_ns if self.folder.exists() else 0

    def put(self, run: Run) -> Run:
        """Delete `run`, so that it can be had back. Raises `Refused` if it is being trained, or is about to be.

        Runs that were forked from it have a copy of what they started from, and need it no more.
        """
        self.folder.mkdir(exist_ok=True)
        with arranging(self._runs):
            if run.is_locked():
                raise Refused(Problem("state", f"{run.id} is being trained", "Stop it first, then delete it"))
            if run.place is not None:
                raise Refused(Problem("state", f"{run.id} waits in the queue", "Stop it first, then delete it"))
            with run.lock():
                return Run(under_free_name(run.path, self.folder, run.id))

    def restore(self, name: str) -> Run:
        """Have a deleted run back, under another name if there is a new run of its own."""
        run = Run.open(self.folder, name)
        return Run(under_free_name(run.path, self._runs, run.id))

    def empty(self, names: Sequence[str]) -> int:
        """Remove deleted runs for good, those of these names and no others; how many bytes that gave."""
        doomed = [Run.open(self.folder, name) for name in names if not (self.folder / name).is_symlink()]
        freed = sum(run.bytes_used() for run in doomed)
        with exclusive(self._runs / ".trash.lock"):
            self._sweep()
            for run in doomed:
                run.path.rename(self.folder / f".{run.id}-{secrets.token_hex(4)}")  # so that a half removed run is none
            self._sweep()
        return freed

    def _sweep(self) -> None:
        """Remove links, which are no runs, and what is half removed; others put files there, such as .DS_Store."""
        for path in self.folder.glob("*"):
            if path.is_symlink():
                path.unlink()
            elif path.name.startswith(".") and path.is_dir():
                shutil.rmtree(path)
