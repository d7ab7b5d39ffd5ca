"""`rwp-studio report`: what some runs come to, as a page that needs no network, or their ranking as a table."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from engine.errors import Problem, Refused
from engine.files.atomic import write_atomically
from engine.runs.run import Run
from studio.cli.folders import Folders
from studio.queries.comparison import Budget, compare
from studio.queries.group_names import group_names
from studio.queries.listing import Entry, Listing
from studio.report.page import report
from studio.report.tables import FORMATS, records

if TYPE_CHECKING:
    from studio.cli import Commands

PAGE = ".html"
ENDINGS = ", ".join((PAGE, *(f".{ending}" for ending in FORMATS)))


def add(commands: "Commands", folders: Folders) -> None:
    """Add `report`."""
    parser = commands.add_parser("report", parents=folders, help="write what some runs come to as a page, or as a table")
    parser.add_argument("file", type=Path, metavar="FILE", help=f"{ENDINGS}: a page with everything, or the ranking")
    parser.add_argument("chosen", nargs="*", metavar="RUN", help="the names of the runs (default: all)")
    parser.add_argument("--tag", help="only runs with this tag, such as the title of a race")
    parser.add_argument("--reference", default="", metavar="RUN", help="compare with the group of this run (default: plain SGD)")
    parser.add_argument(
        "--at-equal",
        choices=get_args(Budget),
        default="end",
        help="what a table holds equal (default: %(default)s)",
    )
    parser.set_defaults(do=run)


def run(given: argparse.Namespace) -> None:
    """Write the file, and print where it is."""
    ending = given.file.suffix
    if ending != PAGE and ending.removeprefix(".") not in FORMATS:
        raise Refused(Problem(str(given.file), "has an ending of which nothing is known", f"Use one of {ENDINGS}"))
    everything = Listing(given.runs).entries()
    entries = _chosen(everything, given)
    reference = next((one.group for one in everything if one.run.id == _name(given.runs, given.reference)), "")
    write_atomically(given.file, _content(entries, reference, given).encode())
    print(given.file)


def _content(entries: list[Entry], reference: str, given: argparse.Namespace) -> str:
    ending = given.file.suffix
    if ending == PAGE:
        return report(entries, reference, given.runs, given.data)
    board = compare(entries, reference)["boards"][given.at_equal]
    return FORMATS[ending.removeprefix(".")](records(board, group_names(entries)))


def _chosen(everything: list[Entry], given: argparse.Namespace) -> list[Entry]:
    names = {Run.open(given.runs, name).id for name in given.chosen}
    entries = [one for one in everything if not names or one.run.id in names]
    entries = [one for one in entries if given.tag is None or given.tag in one.labels.tags]
    if not entries:
        tags = sorted({tag for one in everything for tag in one.labels.tags})
        cure = f"There are the tags {', '.join(tags)}" if given.tag and tags else "See `rwp-studio list`"
        raise Refused(Problem("report", "there is no such run", cure))
    return entries


def _name(runs: Path, reference: str) -> str:
    return Run.open(runs, reference).id if reference else ""
