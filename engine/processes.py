"""Start processes of our own, and in which environment."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from engine.machine import ENGINE_ENVIRONMENT

START = Path(__file__).absolute().parent.parent / "rwp_studio.py"

_withheld: dict[str, str] = {}


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules, or one that we need, whatever else is called as ours are."""
    return [sys.executable, "-P", str(START), module, *arguments]


def withhold(is_withheld: Callable[[str], bool]) -> None:
    """Take the variables of which it holds out of this process; those that it starts have them all the same."""
    for name in [name for name in os.environ if is_withheld(name)]:
        _withheld[name] = os.environ.pop(name)


def environment() -> dict[str, str]:
    """What a process that is started by this one inherits: all that this one was started with."""
    return ENGINE_ENVIRONMENT | os.environ | _withheld
