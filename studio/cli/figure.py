"""`rwp-studio figure`: one of the paper's figures, drawn of runs in the folder."""

import argparse
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import Problem, Refused
from engine.files.atomic import write_atomically
from engine.runs.arrays import save_arrays
from engine.runs.run import Run
from studio.cli.folders import Folders
from studio.figures import FIGURES
from studio.queries.listing import Listing

if TYPE_CHECKING:
    from studio.cli import Commands

ENDINGS = (".html", ".csv", ".npz")
OUT = "a page, a table if it ends in .csv, or arrays in .npz"


def add(commands: "Commands", folders: Folders) -> None:
    """Add `figure`."""
    told = "; ".join(f"{number}: {what}" for number, (what, _) in FIGURES.items())
    parser = commands.add_parser(
        "figure", parents=folders, help="draw a figure of the paper of some runs", description=f"The figures are {told}."
    )
    parser.add_argument("number", choices=[*FIGURES], help="which figure")
    parser.add_argument("chosen", nargs="*", metavar="RUN", help="the names of the runs (default: all)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="a page, or a table if it ends in .csv, or arrays in .npz (default: figureN.html)",
    )
    parser.set_defaults(do=run)


def run(given: argparse.Namespace) -> None:
    """Write the file, and print where it is."""
    file = given.out or Path(f"figure{given.number}.html")
    if file.suffix not in ENDINGS:
        raise Refused(Problem(str(file), "has an ending of which nothing is known", f"Use one of {', '.join(ENDINGS)}"))
    names = {Run.open(given.runs, name).id for name in given.chosen}
    entries = [one for one in Listing(given.runs).entries() if one.is_whole and (not names or one.run.id in names)]
    if not entries:
        raise Refused(Problem("figure", "there is no such run", "See `rwp-studio list`"))
    _, draw = FIGURES[given.number]
    drawn = draw(entries)
    if file.suffix == ".npz":
        save_arrays(file, dict(_arrays(drawn)))
    else:
        write_atomically(file, (_table if file.suffix == ".csv" else _page)(drawn).encode())
    print(file)


def _page(figure: dict[str, Any]) -> str:
    from plotly.io import to_html

    page: str = to_html(figure, include_plotlyjs=True, full_html=True, validate=False, config={"displaylogo": False})
    return page


def _table(figure: dict[str, Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([("panel", "curve", "x", "y", "z", "deviation"), *_rows(figure)])
    return written.getvalue()


def _rows(figure: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for trace in figure["data"]:
        panel, name = _panel(trace), trace["name"]
        if "z" in trace:
            places = [
                (x, y, z) for y, row in zip(trace["y"], trace["z"], strict=True) for x, z in zip(trace["x"], row, strict=True)
            ]
            yield from ((panel, name, x, y, z, "") for x, y, z in places)
        else:
            deviations = trace.get("error_y", {}).get("array") or [""] * len(trace["x"])
            yield from ((panel, name, x, y, "", error) for x, y, error in zip(trace["x"], trace["y"], deviations, strict=True))


def _panel(trace: dict[str, Any]) -> str:
    return str(trace.get("scene") or trace.get("xaxis", "x"))


def _arrays(figure: dict[str, Any]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Each as it is drawn, named by panel, curve and axis."""
    for trace in figure["data"]:
        drawn = {name: trace[name] for name in ("x", "y", "z") if name in trace}
        deviation = {"deviation": error["array"]} if (error := trace.get("error_y")) else {}
        for name, values in {**drawn, **deviation}.items():
            yield f"{_panel(trace)} {trace['name']} {name}", np.array(values, float)
