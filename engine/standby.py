"""`python -m engine.standby SOCKET`: load everything, wait for a run, and become the engine that trains it.

It is told by the socket what any other engine is told when it is started: arguments, working directory and environment, with the
run's lock as standard input and the log as output. When the socket closes before, it ends.
"""

import json
import os
import socket
import sys

from engine.__main__ import main as engine
from engine.launch.standby_pool import CHUNK, LOADED, EngineCall
from engine.training.preload import preload


def main(descriptor: int) -> int:
    with socket.socket(fileno=descriptor) as theirs:
        preload()
        theirs.send(LOADED)
        told, descriptors, _, _ = socket.recv_fds(theirs, CHUNK, 2)
        while more := theirs.recv(CHUNK):
            told += more
    return do(EngineCall(**json.loads(told)), *descriptors) if told else 0


def do(work: EngineCall, lock: int, log: int) -> int:
    """Become the engine that does `work`."""
    for source, target in ((lock, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(lock)
    os.close(log)
    os.environ.update(work.environment)
    os.chdir(work.folder)
    return engine(work.arguments)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
