"""Start the engine as a detached process, which outlives whoever started it."""

import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import IO

from engine import processes
from engine.files.within import writable
from engine.launch.devices import chosen, environment, suitable
from engine.launch.fork_server import EngineCall, ForkedEngine, fork_server
from engine.launch.torchrun import command, ranks_environment
from engine.machine import accelerators
from engine.runs.reader import DATABASE
from engine.runs.run import Run
from engine.runs.writer import Writer

MEETINGS = ".meetings"
"""Folder beside the runs of the files in which the processes of one run find each other."""
AFTER_SECONDS = 60 * 60
"""How long after they have met nobody can be on the way any more."""

CONTROL_COMMANDS = ("pause", "resume", "step", "pace", "stop")
"""Commands that are about the engine at work, and not about the training: a new engine knows nothing of them."""


def start(run: Run, data_dir: Path, device: str = "") -> subprocess.Popen[bytes] | ForkedEngine:
    """Train `run` on `device`, or on the first one suitable, in a detached engine process. Its output goes to engine.log.

    The engine inherits the lock of `run` as its standard input, so that from here on the folder is held as long as one of
    its processes lives.
    Raises `Refused` if another engine has it.
    """
    with run.lock() as lock, writable(run.path / "engine.log") as log:
        device = device or chosen(run.experiment, suitable(run.experiment))
        _mark_starting(run, device)
        arguments = [str(run.path.absolute()), "--data", str(data_dir.absolute()), "--lock", "0"]
        process = _forked(run, arguments, device, lock, log.fileno()) or _new(run, arguments, device, lock, log)
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie stays behind
    return process


def _forked(run: Run, arguments: list[str], device: str, lock: int, log: int) -> ForkedEngine | None:
    """An engine that begins at once, if one process is enough. One of several GPUs is chosen before PyTorch is loaded."""
    if run.experiment.runtime.processes > 1 or len(accelerators()) > 1:
        return None
    return fork_server.fork(EngineCall(arguments, str(run.path.absolute()), environment(device)), lock, log)


def _new(run: Run, arguments: list[str], device: str, lock: int, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    count = run.experiment.runtime.processes
    prefix = _rendezvous(run) if count > 1 else Path()
    return subprocess.Popen(
        command(count, prefix, "engine", *arguments),
        cwd=run.path,
        env=processes.environment() | _environment(count, prefix, device),
        stdin=lock,  # which every process of torchrun inherits, and nothing else
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _rendezvous(run: Run) -> Path:
    """How the names of the files begin in which the processes of `run` find each other.

    They are not in its folder, which somebody may delete while the last of them is still about to end.
    """
    runs = run.path.absolute().parent
    own = runs / MEETINGS / run.id
    for old in (runs / MEETINGS).glob("*"):
        is_over = time.time() - old.stat().st_mtime > AFTER_SECONDS and not Run(runs / old.name).is_locked()
        if old == own or is_over:
            shutil.rmtree(old)
    own.mkdir(parents=True)
    return own / "meeting"


def _environment(count: int, prefix: Path, device: str) -> dict[str, str]:
    """One process is kept to its device; several share the devices among them."""
    return ranks_environment(prefix) if count > 1 else environment(device)


def _mark_starting(run: Run, device: str) -> None:
    """Tell everybody that an engine is about to begin, as the one writer that the lock makes this process."""
    writer = Writer(run.path / DATABASE)
    writer.flush(run.records.status().model_copy(update={"state": "starting", "message": "", "field": "", "device": device}))
    writer.close()
    for left in run.commands.pending():
        if left["kind"] in CONTROL_COMMANDS:
            run.commands.remove(left)
    run.leave_queue()
