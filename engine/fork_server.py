"""`python -m engine.fork_server SOCKET`: import everything, and fork an engine for every run that is asked for.

An engine is told by the socket what any other is told when it is started: arguments, working directory and what is added to the
environment, with the run's lock as standard input and the log as output. It has a session of its own and outlives this process,
which ends when the socket closes. Nothing is computed before a fork, which threads that have worked do not survive.
"""

import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress

from engine.__main__ import main as engine
from engine.launch.fork_server import MOST_BYTES, READY, EngineCall
from engine.training.preload import preload


def main(descriptor: int) -> int:
    wake, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # a signal that nobody handles wakes nobody
    with socket.socket(fileno=descriptor) as theirs:
        preload()
        try:
            theirs.send(READY)
            work = _serve(theirs, wake)
        except ConnectionError:  # who wanted engines is gone
            return 0
    if not work:
        return 0
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _close(wake, woken)
    return _become_engine(*work)


def _serve(theirs: socket.socket, wake: int) -> tuple[EngineCall, int, int] | None:
    """Fork until nobody can ask any more. In an engine: what it is to do, with which lock and log."""
    reports: dict[int, int] = {}
    watched: list[socket.socket | int] = [theirs, wake]
    while True:
        readable, _, _ = select.select(watched, [], [])
        if wake in readable:
            os.read(wake, MOST_BYTES)
            _report_ended(reports)
        if theirs in readable:
            asked, (*descriptors,), _, _ = socket.recv_fds(theirs, MOST_BYTES, 3)
            if not asked:
                return None
            lock, log, report = descriptors
            if not (pid := os.fork()):
                _close(report, *reports.values())
                return EngineCall(**json.loads(asked)), lock, log
            reports[pid] = report
            _close(lock, log)
            theirs.send(str(pid).encode())


def _report_ended(reports: dict[int, int]) -> None:
    """Write the exit code of every engine that has ended to whoever asked for it."""
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with suppress(BrokenPipeError):  # who asked for it is gone
            os.write(reports[pid], str(os.waitstatus_to_exitcode(status)).encode())
        _close(reports.pop(pid))


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _become_engine(work: EngineCall, lock: int, log: int) -> int:
    """Do what `python -m engine` does in a session of its own."""
    os.setsid()
    for source, target in ((lock, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    _close(lock, log)
    os.environ.update(work.environment)
    os.chdir(work.folder)
    return engine(work.arguments)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
