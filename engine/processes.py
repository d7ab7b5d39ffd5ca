"""Processes: in which environment those of our own are started."""

import os
from collections.abc import Callable

from engine.devices import OF_A_PROCESS

_withheld: dict[str, str] = {}


def withhold(is_withheld: Callable[[str], bool]) -> None:
    """Take the variables of which it holds out of this process; those that it starts have them all the same."""
    for name in [name for name in os.environ if is_withheld(name)]:
        _withheld[name] = os.environ.pop(name)


def environment() -> dict[str, str]:
    """What a process that is started by this one inherits: all that this one was started with."""
    return OF_A_PROCESS | os.environ | _withheld
