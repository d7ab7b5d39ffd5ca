"""Engines that begin at once: forked, instead of started, from a process that has torch in memory already.

To `engine_process` it is a standby pool that is always ready. What the first step loads is not loaded: a process whose threads
have worked must not be forked.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import Any

import engine.standby
from engine import processes
from engine.launch.standby_pool import CHUNK, EngineCall


class Forked:
    """What a caller of `subprocess.Popen` needs of an engine."""

    def __init__(self, pool: "WarmEngines", pid: int) -> None:
        self._pool, self.pid, self.returncode = pool, pid, None

    def poll(self) -> int | None:
        """The exit code, or None while the engine runs."""
        with self._pool.turn:
            if self.returncode is None:
                self.returncode = self._pool.ask("code", self.pid)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one."""
        end = time.monotonic() + (timeout or float("inf"))
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("engine", timeout or 0)
            time.sleep(0.02)
        return code

    def terminate(self) -> None:
        """Ask it to stop."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class WarmEngines:
    """Forks an engine for each call."""

    def __init__(self, ours: socket.socket) -> None:
        self._ours = ours
        self.turn = threading.RLock()
        """Of the threads that ask, one for each engine that waits for its end."""

    def take(self, work: EngineCall, lock: int, log: int) -> Forked:
        """The engine that does `work`, with the run's lock, or nothing, as its standard input."""
        surroundings = processes.environment() | work.environment
        return Forked(self, self._asked(["start", asdict(replace(work, environment=surroundings))], [lock, log]))

    def ask(self, *what: object) -> Any:
        """An answer of the process that forks."""
        return self._asked(list(what), [])

    def _asked(self, what: list[object], descriptors: list[int]) -> Any:
        with self.turn:
            socket.send_fds(self._ours, [json.dumps(what).encode()], descriptors)
            return json.loads(self._ours.recv(CHUNK))


@contextmanager
def warm_engines() -> Iterator[WarmEngines]:
    """A process to fork engines from; it kills those that are left when it ends."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=processes.environment())
    with ours:
        yield WarmEngines(ours)
    process.wait(60)


def serve(theirs: socket.socket) -> None:
    """Do what is asked, until nobody can ask any more."""
    living: set[int] = set()
    try:
        while True:
            told, descriptors, _, _ = socket.recv_fds(theirs, CHUNK, 2)
            if not told:
                break
            match json.loads(told):
                case ["start", work]:
                    living.add(pid := fork(EngineCall(**work), theirs, descriptors))
                    theirs.send(json.dumps(pid).encode())
                case ["code", pid]:
                    found, status = os.waitpid(pid, os.WNOHANG)
                    living -= {found}
                    theirs.send(json.dumps(os.waitstatus_to_exitcode(status) if found else None).encode())
    finally:
        for pid in living:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)  # without tearing down all that torch has built, which takes seconds


def fork(work: EngineCall, theirs: socket.socket, descriptors: list[int]) -> int:
    """The pid of a new engine, which has the descriptors to itself."""
    if not (pid := os.fork()):
        theirs.close()
        become_engine(work, *descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def become_engine(work: EngineCall, lock: int, log: int) -> None:
    """What a standby engine does, in a session of its own, as a process that was started has."""
    os.setsid()
    code = 1
    try:
        code = engine.standby.do(work, lock, log)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    import sklearn.datasets  # noqa: F401 - the engines find it loaded
    import torch._dynamo  # noqa: F401

    import engine.training.trainer.trainer

    serve(socket.socket(fileno=int(sys.argv[1])))
