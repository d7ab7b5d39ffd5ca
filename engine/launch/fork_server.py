"""Fork server: one process that has everything imported, from which engines are forked, so that a training begins at once.

Linux only: elsewhere the libraries below PyTorch are not made to be forked, and every engine is started anew.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass

import psutil

from engine import processes

MOST_BYTES = 1 << 16
"""The longest message."""
READY = b"!"


@dataclass(frozen=True)
class EngineCall:
    """What `python -m engine ARGUMENTS` is to do, in which folder, with what added to the environment."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]


class ForkedEngine:
    """What `subprocess.Popen` is to the parent of a process, for one whose parent is the fork server."""

    def __init__(self, pid: int, report: int) -> None:
        self.pid = pid
        self._code: Future[int] = Future()
        threading.Thread(target=self._learn, args=(report,), daemon=True).start()

    def poll(self) -> int | None:
        """The exit code, or None while the engine runs."""
        return self._code.result() if self._code.done() else None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one. Raises `TimeoutError` after `timeout` seconds."""
        return self._code.result(timeout)

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

    def _learn(self, report: int) -> None:
        """Wait for what the fork server reports; should that be killed, for the end of the engine, whose code nobody knows."""
        with os.fdopen(report, "rb") as file:
            told = file.read()
        if not told:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(self.pid).wait()
        self._code.set_result(int(told or 0))


class ForkServer:
    """Keeps the process that engines are forked from, from `keep` on, until `close`. One that has died is begun anew."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ours: socket.socket | None = None
        self._is_ready = False

    def keep(self) -> None:
        """Begin to load it, which takes seconds."""
        if sys.platform == "linux":
            with self._guard:
                self._begin()

    def is_ready(self, timeout: float = 0.0) -> bool:
        """Whether engines can be forked, within `timeout` seconds."""
        with self._guard, suppress(OSError):
            return self._has_loaded(timeout)
        return False

    def fork(self, work: EngineCall, lock: int, log: int) -> ForkedEngine | None:
        """An engine that does `work`, with the run's lock and log as descriptors; None if the server is not there (yet)."""
        with self._guard:
            try:
                return self._forked(work, lock, log) if self._has_loaded(0.0) else None
            except OSError:  # somebody has ended it, or it could not be loaded
                self._end()
                self._begin()
                return None

    def close(self) -> None:
        """End it, and keep none any more. Its engines go on."""
        with self._guard:
            self._end()

    def _begin(self) -> None:
        self._ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                processes.python("engine.fork_server", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                env=processes.environment(),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _end(self) -> None:
        if self._ours and self._process:
            self._ours.close()
            self._process.kill()
            self._process.wait()
        self._ours = self._process = None
        self._is_ready = False

    def _has_loaded(self, timeout: float) -> bool:
        if self._ours and not self._is_ready and select.select([self._ours], [], [], timeout)[0]:
            self._is_ready = self._answer(self._ours) == READY
        return self._is_ready

    def _forked(self, work: EngineCall, lock: int, log: int) -> ForkedEngine:
        assert self._ours
        told, report = os.pipe()
        try:
            socket.send_fds(self._ours, [json.dumps(asdict(work)).encode()], [lock, log, report])
            return ForkedEngine(int(self._answer(self._ours)), told)
        except OSError:
            os.close(told)
            raise
        finally:
            os.close(report)

    @staticmethod
    def _answer(ours: socket.socket) -> bytes:
        """Raises `OSError` if there is nobody to answer."""
        if not (answer := ours.recv(MOST_BYTES)):
            raise ConnectionError
        return answer


fork_server = ForkServer()
