"""`rwp-studio plane`: several runs, or checkpoints of one, on one loss surface."""

import argparse
import html
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import Problem, Refused
from engine.files.atomic import write_atomically
from engine.processes import python
from engine.runs.arrays import save_arrays
from engine.runs.run import Run
from studio.charts import METHOD_COLOURS
from studio.cli.folders import Folders
from studio.figures.drawing import axis, figure, line

if TYPE_CHECKING:
    from studio.cli import Commands

ENDINGS = (".html", ".npz")
REFUSED = 2
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
    asked = {"places": [[str(one.path), step] for one, step in places], "data": str(given.data)}
    found = _measured({**asked, "resolution": given.resolution, "images": given.images})
    if given.out.suffix == ".npz":
        save_arrays(given.out, {name: np.array(found[name]) for name in ARRAYS})
    else:
        from plotly.io import to_html

        page: str = to_html(drawn(found, [one for one, _ in places]), include_plotlyjs=True, full_html=True, validate=False)
        write_atomically(given.out, page.encode())
    print(given.out)


def _check(given: argparse.Namespace) -> None:
    if given.out.suffix not in ENDINGS:
        raise Refused(Problem(str(given.out), "has an ending of which nothing is known", f"Use one of {', '.join(ENDINGS)}"))
    if len(given.chosen) < 2:
        raise Refused(Problem("plane", "goes through two runs at least", "Name another"))
    for name, least, most in (("resolution", 5, 201), ("images", 16, 100_000)):
        if not least <= getattr(given, name) <= most:
            raise Refused(Problem(f"--{name}", f"should be from {least} to {most}", "Give another number"))


def _place(runs: Path, name: str) -> tuple[Run, int | None]:
    run_name, _, step = name.partition("@")
    if step and not step.isdecimal():
        raise Refused(Problem(name, "has no step after the @", "Give the number of a step, as in RUN@220"))
    return Run.open(runs, run_name), int(step) if step else None


def _measured(asked: dict[str, Any]) -> dict[str, Any]:
    """What the engine finds; how much of it is done is told meanwhile."""
    command = python("engine.training.plane")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(json.dumps(asked))
        process.stdin.close()
        found: dict[str, Any] = {}
        for told in map(json.loads, process.stdout):
            if sys.stderr.isatty() and "done" in told:
                print(f"\r{told['done']:.0%}", end="", file=sys.stderr, flush=True)
            found = told.get("found", found)
        said = process.stderr.read().strip()
    if process.returncode == REFUSED:
        raise Refused(Problem("plane", said, ""))
    if process.returncode or not found:
        raise Refused(Problem("plane", f"the engine failed: {said[-500:]}", "Try again with fewer images"))
    return found


def drawn(found: dict[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    """The surface as contours of log₁₀ of the loss, and the places of the runs on it."""
    loss = np.array(found["loss"], dtype=float)
    height = np.log10(np.where(np.isfinite(loss), np.maximum(loss, 1e-9), np.nan))
    contours = {
        "type": "contour",
        "x": found["x"],
        "y": found["y"],
        "z": height.tolist(),
        "name": "log₁₀ loss",
        "colorscale": "Cividis",
    }
    traces = [{**contours, "ncontours": 24, "colorbar": {"title": {"text": "log₁₀ loss"}}}]
    for run, (x, y), step, own in zip(runs, found["places"], found["steps"], found["own"], strict=True):
        name, told = run.experiment.method.name, f"step {step}: loss {own:.3g}"
        marks = {"mode": "markers+text", "text": [html.escape(name)], "textposition": "top center", "hovertext": [told]}
        colour = METHOD_COLOURS[name]
        look = {"marker": {"size": 12, "color": colour, "line": {"width": 1.5, "color": "white"}}, "textfont": {"color": "white"}}
        traces.append(line([x], [y], html.escape(f"{name}, seed {run.experiment.seed}, {told}"), colour, **marks, **look))
    between = ", ".join(f"{one:.3g}" for one in found["middles"])
    title = f"{found['explained']:.0%} of the scatter lies in this plane; loss half way from each run to the next: {between}"
    axes = {"xaxis": axis("distance along the first direction"), "yaxis": axis("along the second", scaleanchor="x")}
    return figure(title, traces, **axes, legend={"orientation": "h", "y": -0.15})
