"""Commands: what people ask of the engine that trains a run, one file each in its folder."""

import json
import secrets
import time
from pathlib import Path
from typing import Any

from engine.files.atomic import write_atomically
from engine.files.within import readable

Command = dict[str, Any]


class Commands:
    """The commands left in the folder of a run: a command stays until the engine's answer to it is safe."""

    def __init__(self, run: Path) -> None:
        self._folder = run / "commands"

    def send(self, kind: str, /, **data: Any) -> str:
        """Leave a command for the engine and return its id, which the answering event carries."""
        left = [int(number) for path in self._folder.glob("*.json") if (number := path.stem.partition("-")[0]).isdecimal()]
        order = max([time.time_ns(), *(number + 1 for number in left)])  # the clock may have been put back
        name = f"{order}-{secrets.token_hex(4)}"
        write_atomically(self._folder / f"{name}.json", json.dumps({**data, "id": name, "kind": kind}).encode())
        return name

    def pending(self) -> list[Command]:
        """The commands that have been left and not removed, in order."""
        return [_command(path) for path in sorted(self._folder.glob("*.json"))]

    def remove(self, command: Command) -> None:
        """Remove a command, once the answer to it is safe."""
        (self._folder / f"{command['id']}.json").unlink(missing_ok=True)


def _command(path: Path) -> Command:
    try:
        with readable(path.parent.parent, f"commands/{path.name}") as file:
            command = json.loads(file.read().decode())
    except (ValueError, FileNotFoundError):
        command = None
    if not isinstance(command, dict):
        command = {"kind": "unreadable"}
    return {**command, "kind": str(command.get("kind")), "id": path.stem}
