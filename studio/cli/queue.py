"""`rwp-studio queue`."""

import argparse
from typing import TYPE_CHECKING

from engine.errors import Problem, Refused
from engine.launch import slurm
from engine.launch.queue import Queue
from engine.runs.run import Run
from studio.cli.folders import Folders

if TYPE_CHECKING:
    from studio.cli import Commands


def add(commands: "Commands", folders: Folders) -> None:
    """Add `queue`."""
    queue = commands.add_parser("queue", parents=folders, help="show or rearrange the runs that wait")
    queue.add_argument("run", nargs="?", help="a run that waits; without one the queue is shown")
    queue.add_argument("--to", type=int, metavar="N", help="put it at this position, counted from 0")
    queue.add_argument("--now", action="store_true", help="start it now, beside what its device trains already")
    queue.add_argument("--remove", action="store_true", help="take it out")
    queue.add_argument("--at-once", metavar="DEVICE=N", help="let each device of a kind (cpu, cuda, mps) train N runs at once")
    queue.set_defaults(do=run)


def run(given: argparse.Namespace) -> None:
    """Do what was asked, then print the names of the runs that wait, in order; those with Slurm with what it says of them."""
    queue = Queue(given.runs)
    if given.at_once:
        kind, _, count = given.at_once.partition("=")
        queue.set_at_once(kind, int(count) if count.isdecimal() else count)
    if given.run:
        _rearrange(queue, Run.open(given.runs, given.run), given)
    for waiting in queue.waiting():
        print(waiting.id)
    for run, job in slurm.jobs(given.runs):
        if not job.has_begun:
            print(f"{run.id}  {job.told}")


def _rearrange(queue: Queue, chosen: Run, given: argparse.Namespace) -> None:
    if given.remove:
        queue.remove(chosen)
    elif given.now:
        queue.start(chosen, given.data)
    elif given.to is not None:
        queue.move(chosen, given.to)
    else:
        raise Refused(Problem("queue", "what is to become of the run is not said", "Give --to, --now or --remove"))
