"""Engines that are forked, by their pids, as whoever kills them knows them."""

import os
import signal
from pathlib import Path

from engine.launch.fork_server import EngineCall, ForkedEngine, ForkServer
from engine.runs.run import Run


class Warm:
    """Starts engines, which train as `python -m engine` does, and tells how they ended."""

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self._started: dict[int, ForkedEngine] = {}

    def start(self, run: Run) -> int:
        """The pid of a new engine on `run`, which takes the lock itself."""
        work = EngineCall([str(run.path), "--data", str(run.path.parent / "data")], str(run.path), {})
        with (run.path / "engine.log").open("ab") as log, Path(os.devnull).open() as nothing:
            engine = self._server.fork(work, nothing.fileno(), log.fileno())
        assert engine
        self._started[engine.pid] = engine
        return engine.pid

    def wait(self, pid: int) -> int:
        """The exit code of an engine that ends; minus the signal that killed it."""
        return self._started.pop(pid).wait()

    def is_alive(self, pid: int) -> bool:
        """Whether an engine that has not been waited for still runs."""
        return self._started[pid].poll() is None

    def kill(self, pid: int) -> None:
        """End an engine as `kill -9` does, if it has not ended by itself, and wait until it is gone."""
        self._started[pid].kill()
        assert self.wait(pid) in (-signal.SIGKILL, 0)
