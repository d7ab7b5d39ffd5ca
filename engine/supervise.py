"""Starting the engine as a process of its own, which outlives whoever started it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from engine.devices import environment, suitable
from engine.records import Writer
from engine.run import Run

MEANT_FOR_AN_ENGINE = ("pause", "resume", "step", "pace", "stop")
"""Commands that are about the engine at work, and not about the training: a new engine knows nothing of them."""


def start(run: Run, data_dir: Path, device: str = "") -> subprocess.Popen[bytes]:
    """Train `run` on `device`, or on the first one suitable, in a detached engine process. Its output goes to engine.log.

    The engine inherits the lock of `run`, so that from here on the folder is held as long as the engine lives.
    Raises `Refused` if another engine has it.
    """
    with run.lock() as lock, (run.path / "engine.log").open("ab") as log:
        device = device or suitable(run.experiment)[0]
        _announce(run, device)
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", str(run.path.absolute()), "--data", str(data_dir.absolute()), "--lock", str(lock)],
            cwd=run.path,
            env={"OMP_WAIT_POLICY": "passive", **os.environ, **environment(device)},  # idle threads must not spin
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie stays behind
    return process


def _announce(run: Run, device: str) -> None:
    """Tell everybody that an engine is about to begin, as the one writer that the lock makes this process."""
    writer = Writer(run.path / "run.db")
    writer.flush(run.records.status().model_copy(update={"state": "starting", "message": "", "field": "", "device": device}))
    writer.close()
    for command in run.commands():
        if command["kind"] in MEANT_FOR_AN_ENGINE:
            run.drop(command)
    run.leave_queue()
