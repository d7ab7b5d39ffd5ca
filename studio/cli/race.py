"""`rwp-studio race`: train all contestants with all seeds, and print who is better, at what cost, and how sure that is."""

import argparse
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from engine.experiment.paths import settled
from engine.experiment.race import read_race
from engine.experiment.validate import check
from engine.launch import devices
from engine.launch.queue import Queue
from engine.machine import cores
from engine.runs.labels import read_labels, relabel
from engine.runs.run import Run
from engine.runs.status import PENDING
from studio.cli.folders import Folders
from studio.cli.launcher import launch_with, launcher_flags, slurm_options
from studio.cli.train import EXIT, forking, stopping
from studio.output import tell
from studio.queries.comparison import compare
from studio.queries.group_names import group_names
from studio.queries.listing import Listing

if TYPE_CHECKING:
    from studio.cli import Commands

HEADINGS = {"end": "at the end", "steps": "steps", "gradients": "gradient evaluations", "seconds": "seconds"}


def add(commands: "Commands", folders: Folders) -> None:
    """Add `race`."""
    race = commands.add_parser(
        "race", parents=[*folders, launcher_flags()], help="train several methods from the same seeds, and compare them"
    )
    race.add_argument("race", metavar="RACE.json", help="who trains what; or the name of a ready-made race: demo, rivals")
    race.set_defaults(do=run)


def run(given: argparse.Namespace) -> int:
    """Train, then print the ranking at the end and at equal costs; returns what `train` does."""
    race = read_race(given.race)
    experiments = [settled(one) for one in race.experiments()]
    for experiment in experiments[: len(race.contestants)]:
        check(experiment, given.data)
    options = slurm_options(given)
    tags = read_labels({"tags": [race.title]}).tags
    made = [Run.create(given.runs, experiment) for experiment in experiments]
    launch_with(options, made)
    for one in made:
        relabel(one, {"tags": tags})
    tell(f'to watch it, find tag:"{race.title}" on the page Compare of the studio')
    listing = Listing(given.runs)
    with stopping(made), nullcontext() if options else forking():
        _train(made, listing, given.runs, given.data, len(race.contestants))
    _tell_boards(made, listing)
    return max((EXIT.get(one.status().state, 1) for one in made), key=[0, 130, 1].index)


def _train(made: list[Run], listing: Listing, runs: Path, data: Path, round_: int) -> None:
    """As many at once as there are cores, or as the queue lets an accelerator train; a board after each round of a seed."""
    on_cpu = all(name == "cpu" for name in devices.suitable(made[0].experiment))
    queue, told = Queue(runs), 0
    queue.add(*made)
    with tqdm(total=len(made), unit="run", dynamic_ncols=True, disable=None) as bar:
        while bar.n < len(made):
            queue.advance(data, cores() if on_cpu else 1)
            bar.n = sum(one.status().state not in PENDING for one in made)
            bar.refresh()
            if bar.n // round_ > told:
                told = bar.n // round_
                _tell_leader(made, listing)
            time.sleep(0.2)


def _tell_leader(made: list[Run], listing: Listing) -> None:
    found, names = _compared(made, listing)
    for first in found["boards"]["end"]["rows"][:1]:
        if first["n"]:
            seeds = "seed" if first["n"] == 1 else "seeds"
            tell(f"ahead after {first['n']} {seeds}: {names[first['group']]}, {_accuracy(first)}")


def _compared(made: Sequence[Run], listing: Listing) -> tuple[dict[str, Any], dict[str, str]]:
    """The comparison, and what each group is called."""
    ids = {one.id for one in made}
    entries = [entry for entry in listing.entries() if entry.run.id in ids]
    return compare(entries), group_names(entries)


def _tell_boards(made: Sequence[Run], listing: Listing) -> None:
    found, names = _compared(made, listing)
    for cost, board in found["boards"].items():
        budget = "" if board["budget"] is None else f"after {board['budget']:,.6g} "
        print(f"{budget}{HEADINGS[cost]}")
        for rank, row in enumerate(board["rows"], 1):
            print(f"{rank:3}  {names[row['group']]:<32} {_accuracy(row):>16}  {_difference(row['difference'])}")


def _accuracy(row: dict[str, Any]) -> str:
    if row["mean"] is None:
        return "–"
    return f"{100 * row['mean']:.2f}" + ("" if row["sd"] is None else f" ± {100 * row['sd']:.2f}") + " %"


def _difference(found: dict[str, Any] | None) -> str:
    if found is None:
        return "the others are compared with it"
    if found["p"] is None:
        return str(found["verdict"])
    points = f"{100 * found['mean']:+.2f} [{100 * found['low']:+.2f}, {100 * found['high']:+.2f}]"
    return f"{points}  p = {found['p']:.2g}  {found['verdict']}"
