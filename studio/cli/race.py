"""`rwp-studio race`: train all contestants with all seeds, and print who is better, at what cost, and how sure that is."""

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from engine.experiment.paths import settled
from engine.experiment.race import read_race
from engine.experiment.schema import Experiment
from engine.experiment.validate import check
from engine.launch import devices
from engine.launch.queue import Queue
from engine.runs.labels import read_labels, relabel
from engine.runs.run import Run
from engine.runs.slurm import SlurmOptions
from engine.runs.status import PENDING
from studio.cli.folders import Folders
from studio.cli.launcher import launch_with, launcher_flags, slurm_options
from studio.cli.train import EXIT, forking, stopping
from studio.cli.turns import Turns
from studio.output import tell
from studio.queries.comparison import compare
from studio.queries.group_names import group_names
from studio.queries.listing import Listing

if TYPE_CHECKING:
    from studio.cli import Commands

PAUSE = 0.05
MOST_TOGETHER = 12
"""How many trainings are in memory at once."""
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
    rounds = [[settled(one) for one in experiments] for experiments in race.rounds()]
    for experiment in rounds[0]:
        check(experiment, given.data)
    options = slurm_options(given)
    tags = read_labels({"tags": [race.title]}).tags
    tell(f'to watch it, find tag:"{race.title}" on the page Compare of the studio')
    relay, listing = Relay(given.runs, given.data, tags, options), Listing(given.runs)
    count = sum(map(len, rounds))
    with (
        stopping(relay.made) as is_stopped,
        nullcontext() if options else forking(),
        tqdm(total=count, unit="run", dynamic_ncols=True, disable=None) as bar,
    ):
        for experiments in _together(rounds, options):
            if not is_stopped.is_set():
                relay.train(experiments, race.turns, bar, lambda: _tell_leader(relay.made, listing))
    _tell_boards(relay.made, listing)
    return max((EXIT.get(one.status().state, 1) for one in relay.made), key=[0, 130, 1].index, default=130)


def _together(rounds: list[list[Experiment]], options: SlurmOptions | None) -> Iterator[list[Experiment]]:
    """What is trained in turns: those of one seed, as far as memory holds them. To Slurm all is given at once."""
    if options:
        yield [one for experiments in rounds for one in experiments]
        return
    for experiments in rounds:
        yield from (experiments[i : i + MOST_TOGETHER] for i in range(0, len(experiments), MOST_TOGETHER))


class Relay:
    """Makes the runs of a race, and trains those of one seed after those of another."""

    def __init__(self, runs: Path, data: Path, tags: list[str], slurm: SlurmOptions | None) -> None:
        self._runs, self._data, self._tags, self._slurm = runs, data, tags, slurm
        self._queue = Queue(runs)
        self.made: list[Run] = []

    def train(self, experiments: list[Experiment], turns: int, bar: "tqdm[None]", tell_leader: Callable[[], None]) -> None:
        """Train these in turns to their ends, and tell after each turn who leads."""
        made = [Run.create(self._runs, experiment) for experiment in experiments]
        launch_with(self._slurm, made)
        for one in made:
            relabel(one, {"tags": self._tags})
        self.made += made
        self._queue.add(*made)
        taking, had = Turns(made, turns), 0
        at_once, before = math.ceil(len(made) / len(devices.suitable(experiments[0]))), bar.n
        while left := sum(one.status().state in PENDING for one in made):
            self._queue.advance(self._data, at_once)
            if not self._slurm and had < (done := taking.look()) < turns:
                had = done
                tell_leader()
            bar.n = before + len(made) - left
            bar.refresh()
            time.sleep(PAUSE)
        bar.n = before + len(made)
        tell_leader()


def _tell_leader(made: list[Run], listing: Listing) -> None:
    """Who is ahead: of those that train now, or at the end of a seed of all."""
    found, names = _compared(made, listing)
    now = found["now"]
    board = now["boards"]["steps"] if now else found["boards"]["end"]
    for first in board["rows"][:1]:
        if first["n"]:
            seeds = "seed" if first["n"] == 1 else "seeds"
            when = f"at step {board['budget']:.0f} of seed {now['seeds'][0]}" if now else f"after {first['n']} {seeds}"
            tell(f"ahead {when}: {names[first['group']]}, {_accuracy(first)}")


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
