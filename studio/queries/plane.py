"""The loss on the plane through the weights of several runs, as the engine measures it in a process of its own."""

import json
import subprocess
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.errors import Problem, Refused
from engine.processes import python
from engine.runs.run import Run

REFUSED = 2
MOST_PLACES = 20
"""Weights that are held at once."""
LIMITS = {"resolution": (5, 201), "images": (16, 100_000)}
Place = tuple[Run, int | None]
"""A run, and the step of one of its checkpoints; none is the newest."""


def measure_plane(places: Sequence[Place], data: Path, resolution: int = 25, images: int = 512) -> Iterator[dict[str, Any]]:
    """How much is done as {"done": share}, and at last {"found": arrays and facts}. Raises `Refused` where there is no plane."""
    _check(places, resolution=resolution, images=images)
    asked = {"places": [[str(run.path), step] for run, step in places], "data": str(data)}
    return _measure({**asked, "resolution": resolution, "images": images})


def _check(places: Sequence[Place], **numbers: int) -> None:
    if not 2 <= len(places) <= MOST_PLACES:
        raise Refused(Problem("plane", f"goes through 2 to {MOST_PLACES} runs", f"Choose so many, not {len(places)}"))
    for name, number in numbers.items():
        least, most = LIMITS[name]
        if not least <= number <= most:
            raise Refused(Problem(name, f"should be from {least} to {most}", "Give another number"))


def _measure(asked: dict[str, Any]) -> Generator[dict[str, Any]]:
    command = python("engine.training.plane")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        try:
            process.stdin.write(json.dumps(asked))
            process.stdin.close()
            yield from map(json.loads, process.stdout)
            said = process.stderr.read().strip()
            process.wait()
        finally:
            process.kill()  # nobody waits for it any more
    if process.returncode == REFUSED:
        raise Refused(Problem("plane", said, ""))
    if process.returncode:
        raise Refused(Problem("plane", f"the engine failed: {said[-500:]}", "Try again with fewer images"))
