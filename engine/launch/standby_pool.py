"""Standby engines: one process that has everything loaded and waits for a run, so that a training begins at once."""

import json
import socket
import subprocess
import threading
from dataclasses import asdict, dataclass

from engine import processes

RENEW_SECONDS = 5.0
"""How long after one is taken the next is loaded, so that it does not slow the training down that begins."""
CHUNK = 1 << 16
LOADED = b"!"


@dataclass(frozen=True)
class EngineCall:
    """What `python -m engine ARGUMENTS` is to do, in which folder, with what added to the environment."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]


class StandbyPool:
    """Keeps one engine ready, from `keep` on, until `close`."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._loading: subprocess.Popen[bytes] | None = None
        self._ready: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        self._renewal: threading.Timer | None = None

    @property
    def is_ready(self) -> bool:
        return self._ready is not None

    def keep(self) -> None:
        """Begin to load an engine."""
        with self._guard:
            self._renew_after(0.0)

    def take(self, work: EngineCall, lock: int, log: int) -> subprocess.Popen[bytes] | None:
        """Let the engine that is ready do `work`, with the run's lock and log as descriptors; None if there is none."""
        with self._guard:
            if self._ready is None:
                if self._renewal and not self._renewal.is_alive():  # loading one has failed
                    self._renew_after(RENEW_SECONDS)
                return None
            (process, ours), self._ready = self._ready, None
            self._renew_after(RENEW_SECONDS)
        try:
            with ours:
                socket.send_fds(ours, [json.dumps(asdict(work)).encode()], [lock, log])
        except OSError:  # somebody has ended it
            _end(process)
            return None
        return process

    def close(self) -> None:
        """Let it go, and keep none any more."""
        with self._guard:
            renewal, loading, ready = self._renewal, self._loading, self._ready
            self._renewal = self._loading = self._ready = None
        if renewal:
            renewal.cancel()
        if ready:
            ready[1].close()
        for process in (loading, ready and ready[0]):
            if process:
                _end(process)

    def _renew_after(self, seconds: float) -> None:
        self._renewal = threading.Timer(seconds, self._renew)
        self._renewal.daemon = True
        self._renewal.start()

    def _renew(self) -> None:
        """Load an engine, and have it ready when it says so."""
        ours, theirs = socket.socketpair()
        with self._guard, theirs:
            if self._renewal is not threading.current_thread():
                ours.close()
                return
            self._loading = process = _begun(theirs)
        is_loaded = ours.recv(1) == LOADED
        with self._guard:
            if is_loaded and self._loading is process:
                self._loading, self._ready = None, (process, ours)
                return
        ours.close()
        _end(process)


def _begun(theirs: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        processes.python("engine.standby", str(theirs.fileno())),
        pass_fds=[theirs.fileno()],
        env=processes.environment(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


standby_pool = StandbyPool()
