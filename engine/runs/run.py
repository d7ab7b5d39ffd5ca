"""Run: a folder that holds everything about one training."""

import errno
import hashlib
import json
import re
import secrets
import sqlite3
import sys
import time
from contextlib import AbstractContextManager
from io import BufferedReader
from pathlib import Path

from engine.errors import Problem, Refused
from engine.experiment.live_changes import replay_until
from engine.experiment.overrides import read_file
from engine.experiment.schema import Experiment, read_stored
from engine.files.atomic import sync, write_atomically
from engine.files.plain_json import printable
from engine.files.within import is_plain, readable
from engine.runs.commands import Commands
from engine.runs.lock import hold, is_held
from engine.runs.reader import DATABASE, Reader
from engine.runs.slurm import SlurmJob, job_of
from engine.runs.status import ACTIVE, Status

LONGEST_NAME = 64
SLUG = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")
"""What a run may be called."""

SILENT_SECONDS = 15.0
"""How long an engine may be silent before that is told; it speaks four times a second, but in the middle of a step."""
KILLED = "The engine was killed, or its machine went down. Resume: it goes on from its newest checkpoint"


class Run:
    """A run's folder: config.json, its SHA-256, run.db, commands/, checkpoints/, arrays/, traces/, tb/, engine.log, env.json."""

    WAITS = "queued"
    """Name of the file that a run has while it waits in the queue; it holds the run's place."""
    CAME_IN = "imported"
    """Name of the file that a run from an archive has until somebody here lets it train: no archive can bring or lack it."""
    LAST_WORDS = "last-words.json"
    """Name of the file in which an engine says why it ended, where it could not write that into its records."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.records = Reader(path / DATABASE)
        self.commands = Commands(path)

    @classmethod
    def create(cls, runs: Path, experiment: Experiment) -> "Run":
        """A new folder for `experiment`. The configuration is safe in it before the folder has its name."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        name = f"{now}-{experiment.data.name}-{experiment.method.name}-{secrets.token_hex(4)}"
        draft = runs / f".{name}"
        for part in ("commands", "checkpoints", "arrays"):
            (draft / part).mkdir(parents=True)
        content = experiment.model_dump_json(indent=2).encode()
        write_atomically(draft / "config.sha256", hashlib.sha256(content).hexdigest().encode())
        write_atomically(draft / "config.json", content)
        made = draft.rename(runs / name)
        sync(runs)
        return cls(made)

    @classmethod
    def open(cls, runs: Path, name: str) -> "Run":
        """The run called `name`. Raises `Refused` if the name is malformed or there is no such run."""
        if SLUG.fullmatch(name) and (runs / name).is_symlink():
            raise Refused(Problem("run", f"{name} is a link and no run", "Remove it, and move what it leads to here"))
        if not SLUG.fullmatch(name) or not _is_run(runs / name):
            raise Refused(Problem("run", f"there is no run {name[:64]!r}", "See `rwp-studio list`"))
        return cls(runs / name)

    @classmethod
    def all(cls, runs: Path) -> list["Run"]:
        """Every run below `runs`, newest first: their names begin with the time at which they were made, in UTC."""
        found = [path.parent for path in runs.glob("*/config.json")]
        found = [path for path in found if SLUG.fullmatch(path.name) and _is_run(path)]
        return [cls(path) for path in sorted(found, key=lambda path: path.name, reverse=True)]

    @property
    def experiment(self) -> Experiment:
        """What is trained. Raises `Refused` if config.json is no longer what was written when the run was made."""
        path = self.path / "config.json"
        is_made_here = path.exists() and is_plain(self.path / "config.sha256")
        if is_made_here and self.read("config.sha256") != hashlib.sha256(self.read("config.json")).hexdigest().encode():
            cure = "Put back what was there, or remove config.sha256 if it is meant to be as it is now"
            raise Refused(Problem(str(path), "is not what was written when the run was made", cure))
        return read_stored(read_file(path))

    def file(self, name: str) -> BufferedReader:
        """One of the run's files, to be read. Raises `FileNotFoundError` if it is not there, or is a link, a pipe or a device."""
        return readable(self.path, name)

    def read(self, name: str) -> bytes:
        """What is in one of the run's files, as `file` opens it."""
        with self.file(name) as file:
            return file.read()

    @property
    def present(self) -> Experiment:
        """The experiment with all that has been changed while it trained."""
        return replay_until(self.experiment, self.records.changes(), sys.maxsize)

    def status(self) -> Status:
        """Where the run stands; `interrupted` if its engine is gone without having said how it ended.

        A run that waits for its engine, here or with Slurm, is `queued`.
        """
        locked, place, job, status = self._look()
        is_active = locked and status.state in ACTIVE
        if place is not None and not is_active:  # it is taken out once its engine is announced
            return status.model_copy(update={"state": "queued", "message": "", "field": ""})
        has_ended = (
            job and job.has_begun and status.state not in ACTIVE | {"stopped"}
        )  # what was cut short goes on in another turn
        if job and not is_active and not has_ended:
            return status.model_copy(update={"state": "queued", "message": job.told, "field": ""})
        if not locked and (words := self._last_words()):
            return status.model_copy(update={"state": "failed", "progress": None, "eta": None, **words})
        if status.state not in ACTIVE:
            return status
        if locked:
            return _with_silence(status, f"scancel {job.id}" if job else f"kill -9 {status.pid}")
        return status.model_copy(update={"state": "interrupted", "message": KILLED})

    def _look(self) -> tuple[bool, int | None, SlurmJob | None, Status]:
        """Whether an engine holds the folder, its place in the queue, its job, and the status an engine wrote, at one moment."""
        held = (self.is_locked(), self.place, job_of(self.path))
        while True:
            status, before, held = self._told(), held, (self.is_locked(), self.place, job_of(self.path))
            if held == before:
                return *held, status

    def report_last(self, problem: Problem) -> None:
        """Leave word of what has ended an engine that cannot tell it otherwise."""
        words = {"field": printable(problem.field), "message": printable(problem.advice)}
        write_atomically(self.path / self.LAST_WORDS, json.dumps(words).encode())

    def begin(self) -> None:
        """A new engine has taken the run on."""
        (self.path / self.LAST_WORDS).unlink(missing_ok=True)

    def _last_words(self) -> dict[str, str]:
        try:
            return dict(json.loads(self.read(self.LAST_WORDS)))
        except FileNotFoundError:
            return {}

    def _told(self) -> Status:
        """The status an engine wrote; `failed` if the file in which it stands is damaged."""
        try:
            return self.records.status()
        except Refused as damaged:
            return unreadable(damaged)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_CANTOPEN:
                raise
            cure = "Make its folder writable, or copy it to where it is"
            return unreadable(Refused(Problem(DATABASE, f"cannot be opened: {error}", cure)))

    @property
    def place(self) -> int | None:
        """The run's place in the queue; None if it does not wait."""
        try:
            text = self.read(self.WAITS).decode(errors="replace")
        except FileNotFoundError:
            return None
        return int(text) if text.isdecimal() and len(text) < 10 else 0

    @property
    def is_strange(self) -> bool:
        """Whether the run came from elsewhere, and nobody here has wanted it to train yet."""
        return (self.path / self.CAME_IN).exists()

    def welcome(self) -> None:
        """Somebody here wants it to train: from now on it is a run as any other."""
        (self.path / self.CAME_IN).unlink(missing_ok=True)

    def leave_queue(self) -> None:
        """Wait no longer."""
        (self.path / self.WAITS).unlink(missing_ok=True)

    def lock(self, inherited: int | None = None) -> AbstractContextManager[int]:
        """Hold the folder for one engine, and yield the descriptor of the lock. Raises `Refused` if another one has it."""
        return hold(self.path, inherited)

    def is_locked(self) -> bool:
        """Whether an engine is at work in this folder."""
        return is_held(self.path)

    def bytes_used(self) -> int:
        """How much of the disk the folder takes."""
        return sum(_size(path) for path in self.path.rglob("*"))


def _is_run(path: Path) -> bool:
    """Whether a folder is that of a run, and no link to one."""
    return not path.is_symlink() and is_plain(path / "config.json")


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # a file that was removed at this moment
        return 0


def _with_silence(status: Status, end: str) -> Status:
    """The status of an engine that is there, with a word about it, and how to `end` it, if it has not answered for a while."""
    if not 0 < status.heartbeat < time.time() - SILENT_SECONDS or status.field == "disk":
        return status
    since = time.strftime("%H:%M:%S", time.localtime(status.heartbeat))
    what = f"The engine has not answered since {since}: in a long step, or because its disk or its GPU does not answer"
    cure = f"If it stays so, end it with `{end}` and resume: it goes on from its newest checkpoint"
    message = ". ".join(filter(None, (status.message, what, cure)))
    return status.model_copy(update={"message": message, "silent_since": status.heartbeat})


def unreadable(damaged: Refused) -> Status:
    """The status of a run whose records cannot be read, as long as no engine has made new ones."""
    return Status(state="failed", message=damaged.problems[0].advice, field=damaged.problems[0].field)


def under_free_name(source: Path, folder: Path, name: str) -> Path:
    """Move the run's folder `source` into `folder` in one step, as `name`, or with a number behind it where that is taken."""
    ending, number = "", 1
    while True:
        try:
            return source.rename(folder / f"{name[: LONGEST_NAME - len(ending)]}{ending}")
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            number += 1
            ending = f"-{number}"
