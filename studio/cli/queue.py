"""`rwp-studio queue`."""

import argparse

from engine.errors import Problem, Refused
from engine.launch.queue import Queue
from engine.runs.run import Run


def run(given: argparse.Namespace) -> None:
    """Do what was asked, then print the names of the runs that wait, in order."""
    queue = Queue(given.runs)
    if given.at_once:
        kind, _, count = given.at_once.partition("=")
        queue.set_at_once(kind, int(count) if count.isdecimal() else count)
    if given.run:
        _rearrange(queue, Run.open(given.runs, given.run), given)
    for waiting in queue.waiting():
        print(waiting.id)


def _rearrange(queue: Queue, chosen: Run, given: argparse.Namespace) -> None:
    if given.remove:
        queue.remove(chosen)
    elif given.now:
        queue.start(chosen, given.data)
    elif given.to is not None:
        queue.move(chosen, given.to)
    else:
        raise Refused(Problem("queue", "what is to become of the run is not said", "Give --to, --now or --remove"))
