"""Engines as processes of their own that begin at once: forked from a process that has torch in memory already."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from engine.runs.run import Run


class Warm:
    """Starts engines, which train as `python -m engine` does, and tells how they ended."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, run: Run) -> int:
        """The pid of a new engine on `run`."""
        return self._ask(["start", str(run.path)])

    def wait(self, pid: int) -> int:
        """The exit code of an engine that ends; minus the signal that killed it."""
        return self._ask(["wait", pid])

    def is_alive(self, pid: int) -> bool:
        """Whether an engine that has not been waited for still runs."""
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE

    def kill(self, pid: int) -> None:
        """End an engine as `kill -9` does, if it has not ended by itself, and wait until it is gone."""
        os.kill(pid, signal.SIGKILL)
        assert self.wait(pid) in (-signal.SIGKILL, 0)

    def _ask(self, what: list[str | int]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def warmed() -> Iterator[Warm]:
    """A process to fork engines from; it kills those that are left when it ends."""
    with subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Warm(process)
        assert process.stdin
        process.stdin.close()


def serve() -> None:
    """Do what is asked on standard input, one line each, until it is closed."""
    living: set[int] = set()
    for line in sys.stdin:
        match json.loads(line):
            case ["start", folder]:
                if not (pid := os.fork()):
                    become_engine(Path(folder))
                living.add(pid)
                print(pid, flush=True)
            case ["wait", pid]:
                living.discard(pid)
                print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    for pid in living:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)  # without tearing down all that torch has built, which takes seconds


def become_engine(folder: Path) -> None:
    """Train the run in `folder` with the surroundings that an engine is given, and exit."""
    from engine.__main__ import main

    os.setsid()
    with (folder / "engine.log").open("ab") as log, Path(os.devnull).open() as nothing:
        for number, file in enumerate((nothing, log, log)):
            os.dup2(file.fileno(), number)
    sys.argv = ["engine", str(folder), "--data", str(folder.parent / "data")]
    os._exit(main())


if __name__ == "__main__":
    import sklearn.datasets  # noqa: F401 - the engines find it loaded
    import torch._dynamo  # noqa: F401

    import engine.training.trainer.trainer  # noqa: F401

    serve()
