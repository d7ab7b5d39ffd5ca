"""Ways to do something that are compared, each in a process of its own that waits while another has its turn."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from types import MappingProxyType
from typing import IO

from benchmarks.timing import Seconds, in_turn, seconds_of
from engine.machine import ENGINE_ENVIRONMENT

Maker = Callable[[], Callable[[], object]]
"""Makes ready what is going to be timed; goes to another process, and so is a function of a module or a `partial` of one."""
A_TURN = 0.25
"""Seconds that a turn takes at least: what is short is done again and again, as a training does."""


def between(
    ours: Mapping[str, Maker],
    others: Mapping[str, Maker],
    rounds: int,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Seconds:
    """Seconds of every way in every round: `ours` started as an engine is, `others` as anybody starts Python, or in
    the `environment` that are given."""
    plain = {name: value for name, value in os.environ.items() if name not in ENGINE_ENVIRONMENT}
    with ExitStack() as stack:
        ways = {name: stack.enter_context(_waiting(make, plain | ENGINE_ENVIRONMENT)) for name, make in ours.items()}
        ways |= {name: stack.enter_context(_waiting(make, plain | dict(environment))) for name, make in others.items()}
        return in_turn(ways, rounds)


@contextmanager
def _waiting(make: Maker, environment: dict[str, str]) -> Iterator[Callable[[], float]]:
    """A function that lets a new process have its turn, and gives the seconds that doing it once took there."""
    command = [sys.executable, "-m", "benchmarks.isolated"]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        pickle.dump(make, process.stdin)
        yield partial(_turn, process.stdin, process.stdout)
        process.stdin.close()


def _turn(ask: IO[bytes], answer: IO[bytes]) -> float:
    ask.write(b"\n")
    ask.flush()
    return float(answer.readline())


def main() -> None:
    run = pickle.load(sys.stdin.buffer)()  # noqa: S301 - from the process that has started this one
    while sys.stdin.buffer.readline():
        print(seconds_of(run, A_TURN), flush=True)


if __name__ == "__main__":
    main()
