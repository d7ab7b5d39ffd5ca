"""`rwp-studio plane`: several runs, or checkpoints of one, on one loss surface."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import Problem, Refused
from engine.files.atomic import write_atomically
from engine.runs.arrays import save_arrays
from engine.runs.run import Run
from studio.cli.folders import Folders
from studio.figures.plane import plane
from studio.queries.plane import measure_plane

if TYPE_CHECKING:
    from studio.cli import Commands

ENDINGS = (".html", ".npz")
ARRAYS = ("x", "y", "loss", "accuracy", "places", "own", "middles", "steps")


def add(commands: "Commands", folders: Folders) -> None:
    """Add `plane`."""
    parser = commands.add_parser(
        "plane",
        parents=folders,
        help="show several runs on one loss surface",
        description="The loss on the plane through the weights of two or three runs, or of more the one in which most of their "
        "scatter lies; BatchNorm's statistics are measured anew at every point.",
    )
    parser.add_argument(
        "chosen", nargs="+", metavar="RUN[@STEP]", help="the names of runs; with @STEP a checkpoint before the last"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("plane.html"), metavar="FILE", help=f"{' or '.join(ENDINGS)} (default: %(default)s)"
    )
    parser.add_argument("--resolution", type=int, default=25, metavar="N", help="points along each side (default: %(default)s)")
    parser.add_argument("--images", type=int, default=512, metavar="N", help="training images for each (default: %(default)s)")
    parser.set_defaults(do=run)


def run(given: argparse.Namespace) -> None:
    """Measure, write the file, and print where it is."""
    _check(given)
    places = [_place(given.runs, name) for name in given.chosen]
    found = _found(measure_plane(places, given.data, given.resolution, given.images))
    if given.out.suffix == ".npz":
        save_arrays(given.out, {name: np.array(found[name]) for name in ARRAYS})
    else:
        from plotly.io import to_html

        page: str = to_html(plane(found, [one for one, _ in places]), include_plotlyjs=True, full_html=True, validate=False)
        write_atomically(given.out, page.encode())
    print(given.out)


def _check(given: argparse.Namespace) -> None:
    if given.out.suffix not in ENDINGS:
        raise Refused(Problem(str(given.out), "has an ending of which nothing is known", f"Use one of {', '.join(ENDINGS)}"))


def _place(runs: Path, name: str) -> tuple[Run, int | None]:
    run_name, _, step = name.partition("@")
    if step and not step.isdecimal():
        raise Refused(Problem(name, "has no step after the @", "Give the number of a step, as in RUN@220"))
    return Run.open(runs, run_name), int(step) if step else None


def _found(told: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """What the engine finds; how much of it is done is told meanwhile."""
    found: dict[str, Any] = {}
    for one in told:
        if sys.stderr.isatty() and "done" in one:
            print(f"\r{one['done']:.0%}", end="", file=sys.stderr, flush=True)
        found = one.get("found", found)
    return found
