"""Starting the engine as a process of its own, which outlives whoever started it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from engine.run import Run


def start(run: Run, data_dir: Path, *then: Run) -> subprocess.Popen[bytes]:
    """Train `run`, and the runs `then` one after another, in a detached engine process. Its output goes to engine.log."""
    run.launching()
    folders = [str(one.path.absolute()) for one in (run, *then)]
    with (run.path / "engine.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", *folders, "--data", str(data_dir.absolute())],
            cwd=run.path,
            env={"OMP_WAIT_POLICY": "passive", **os.environ},  # idle threads that spin would take the page's cores
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie stays behind
    return process
