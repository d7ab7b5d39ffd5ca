"""Starting the engine as a process of its own, which outlives whoever started it."""

import os
import subprocess
import threading
from pathlib import Path

from engine.records import Writer
from engine.run import Run
from engine.several import command, surroundings

MEETING_FILES = "meeting"


def start(run: Run, data_dir: Path, *then: Run) -> subprocess.Popen[bytes]:
    """Train `run`, and the runs `then` one after another, in a detached engine process. Its output goes to engine.log.

    The engine inherits the lock of `run` as its standard input, so that from here on the folder is held as long as one of
    its processes lives.
    Raises `Refused` if another engine has it.
    """
    with run.lock() as lock, (run.path / "engine.log").open("ab") as log:
        _announce(run)
        for old in run.path.glob(f"{MEETING_FILES}*"):
            old.unlink()
        processes, meeting = run.experiment.runtime.processes, run.path.absolute() / MEETING_FILES
        folders = [str(one.path.absolute()) for one in (run, *then)]
        process = subprocess.Popen(
            [*command(processes, meeting), "engine", *folders, "--data", str(data_dir.absolute()), "--lock", "0"],
            cwd=run.path,
            # idle threads that spin would take the page's cores
            env={"OMP_WAIT_POLICY": "passive", **os.environ, **(surroundings(meeting) if processes > 1 else {})},
            stdin=lock,  # which every process of torchrun inherits, and nothing else
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie stays behind
    return process


def _announce(run: Run) -> None:
    """Tell everybody that an engine is about to begin, as the one writer that the lock makes this process."""
    writer = Writer(run.path / "run.db")
    writer.flush(run.records.status().model_copy(update={"state": "starting", "message": "", "field": ""}))
    writer.close()
