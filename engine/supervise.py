"""Starting the engine as a process of its own, which outlives whoever started it."""

import subprocess
import threading
from pathlib import Path
from typing import IO

from engine import processes
from engine.devices import accelerators, chosen, environment, suitable
from engine.records import DATABASE, Writer
from engine.run import Run
from engine.several import command, surroundings
from engine.spare import Work, spares
from engine.within import writable

MEETING_FILES = "meeting"

MEANT_FOR_AN_ENGINE = ("pause", "resume", "step", "pace", "stop")
"""Commands that are about the engine at work, and not about the training: a new engine knows nothing of them."""


def start(run: Run, data_dir: Path, device: str = "") -> subprocess.Popen[bytes]:
    """Train `run` on `device`, or on the first one suitable, in a detached engine process. Its output goes to engine.log.

    The engine inherits the lock of `run` as its standard input, so that from here on the folder is held as long as one of
    its processes lives.
    Raises `Refused` if another engine has it.
    """
    with run.lock() as lock, writable(run.path / "engine.log") as log:
        device = device or chosen(run.experiment, suitable(run.experiment))
        _announce(run, device)
        for old in run.path.glob(f"{MEETING_FILES}*"):
            old.unlink()
        arguments = [str(run.path.absolute()), "--data", str(data_dir.absolute()), "--lock", "0"]
        process = _spare(run, arguments, device, lock, log.fileno()) or _new(run, arguments, device, lock, log)
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie stays behind
    return process


def _spare(run: Run, arguments: list[str], device: str, lock: int, log: int) -> "subprocess.Popen[bytes] | None":
    """An engine that was ready, if one process is enough. With several GPUs it is too late to keep it to one of them."""
    if run.experiment.runtime.processes > 1 or len(accelerators()) > 1:
        return None
    return spares.take(Work(arguments, str(run.path.absolute()), environment(device)), lock, log)


def _new(run: Run, arguments: list[str], device: str, lock: int, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    count, meeting = run.experiment.runtime.processes, run.path.absolute() / MEETING_FILES
    return subprocess.Popen(
        command(count, meeting, "engine", *arguments),
        cwd=run.path,
        env=processes.environment() | _surroundings(count, meeting, device),
        stdin=lock,  # which every process of torchrun inherits, and nothing else
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _surroundings(count: int, meeting: Path, device: str) -> dict[str, str]:
    """One process is kept to its device; several share the devices among them."""
    return surroundings(meeting) if count > 1 else environment(device)


def _announce(run: Run, device: str) -> None:
    """Tell everybody that an engine is about to begin, as the one writer that the lock makes this process."""
    writer = Writer(run.path / DATABASE)
    writer.flush(run.records.status().model_copy(update={"state": "starting", "message": "", "field": "", "device": device}))
    writer.close()
    for left in run.commands():
        if left["kind"] in MEANT_FOR_AN_ENGINE:
            run.drop(left)
    run.leave_queue()
