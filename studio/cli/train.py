"""`rwp-studio train`, `replay`, `fork`: start engines, show their progress, and return how they ended as the exit code."""

import argparse
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from tqdm import tqdm

from engine.errors import Problem, Refused
from engine.experiment.overrides import override, read_file
from engine.experiment.paths import settled
from engine.experiment.recipes import find
from engine.experiment.schema import Experiment, read
from engine.experiment.validate import check, passed_over
from engine.launch.fork_server import fork_server
from engine.launch.queue import Queue
from engine.runs import lineage
from engine.runs.run import Run
from engine.runs.slurm import SlurmOptions
from engine.runs.status import ACTIVE, PENDING, Status
from studio.cli.folders import Folders
from studio.cli.launcher import launch_with, launcher_flags, slurm_options
from studio.output import tell

if TYPE_CHECKING:
    from studio.cli import Commands

LOADED_WITHIN = 30.0
"""Seconds after which engines are started anew until there is something to fork them from."""
EXIT = {"finished": 0, "stopped": 130}
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals with which somebody, a system that is shut down, or a terminal that is closed ends a command."""


def add(commands: "Commands", folders: Folders) -> None:
    """Add `train`, `replay` and `fork`."""
    where = [*folders, launcher_flags()]
    train = commands.add_parser("train", parents=where, help="train without a browser")
    train.add_argument(
        "config", nargs="?", type=Path, metavar="CONFIG.json", help="an experiment; what it leaves out has its default"
    )
    train.add_argument(
        "--recipe",
        metavar="NAME",
        help="a ready-made experiment instead of CONFIG.json, to be changed with --set; see `rwp-studio recipe list`",
    )
    train.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="change one field, e.g. method.sigma=0.015"
    )
    train.set_defaults(do=run)
    replay = commands.add_parser("replay", parents=where, help="make a training again, live changes included")
    replay.set_defaults(do=run_replay)
    fork = commands.add_parser("fork", parents=where, help="train on from a checkpoint, with one or several methods")
    for parser in (replay, fork):
        parser.add_argument("run", help="the run's name")
    fork.add_argument("--step", type=int, required=True, metavar="N", help="which of its checkpoints")
    fork.add_argument("--method", action="append", default=[], metavar="NAME", help="may be given again; else the run's own")
    fork.set_defaults(do=run_fork)


def run(given: argparse.Namespace) -> int:
    """Train the experiment that the command line describes."""
    return train(settled(_experiment(given)), given.runs, given.data, slurm_options(given))


def run_replay(given: argparse.Namespace) -> int:
    """Train a run again."""
    options = slurm_options(given)
    return follow([lineage.replay(Run.open(given.runs, given.run))], given.runs, given.data, options)


def run_fork(given: argparse.Namespace) -> int:
    """Train on from a checkpoint."""
    options = slurm_options(given)
    return follow(lineage.fork(Run.open(given.runs, given.run), given.step, given.method), given.runs, given.data, options)


def _experiment(given: argparse.Namespace) -> Experiment:
    if given.config and given.recipe:
        raise Refused(Problem("--recipe", "there is a CONFIG.json as well", "Give one of them, and change it with --set"))
    if given.recipe:
        return find(given.recipe).experiment(*given.set)
    config = read_file(given.config) if given.config else {}
    for assignment in given.set:
        config = override(config, assignment)
    return read(config)


def train(experiment: Experiment, runs: Path, data_dir: Path, slurm: SlurmOptions | None = None) -> int:
    """Train and follow; Ctrl-C stops the training in good order. Prints the folder of each run when it has ended.

    Returns 0 if every run finished, 130 if one was stopped, 1 if one failed.
    """
    check(experiment, data_dir)
    for one in passed_over(experiment):
        tell(f"passed over: {one}")
    return follow([Run.create(runs, one) for one in experiment.runs()], runs, data_dir, slurm)


def follow(group: list[Run], runs: Path, data_dir: Path, slurm: SlurmOptions | None = None) -> int:
    """Queue the runs of `group` and follow them to their ends, as `train` does."""
    queue = Queue(runs)
    launch_with(slurm, group)
    queue.add(*group)
    with stopping(group), forking() if len(group) > 2 and not slurm else nullcontext():
        return max([_report(run, lambda: queue.advance(data_dir)) for run in group], key=[0, 130, 1].index)


@contextmanager
def stopping(group: list[Run]) -> Iterator[Event]:
    """Stop the runs in good order at Ctrl-C, at TERM, and when the terminal is closed, of which the event tells."""
    is_asked = Event()

    def stop(_number: int, _frame: object) -> None:
        is_asked.set()
        _stop(group)

    previous = {number: signal.signal(number, stop) for number in ENDING}
    try:
        yield is_asked
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def forking() -> Iterator[None]:
    """Load what every one of many trainings needs once, instead of each time."""
    with closing(fork_server):
        fork_server.keep()
        fork_server.is_ready(LOADED_WITHIN)
        yield


def _report(run: Run, advance: Callable[[], object]) -> int:
    status = _follow(run, advance)
    if status.message:
        tell(": ".join(filter(None, (status.state, status.field, status.message))))
    print(run.path, flush=True)
    return EXIT.get(status.state, 1)


def _stop(group: list[Run]) -> None:
    """Ask the engine to stop what it trains, and let nothing wait; a second signal no longer waits for the engine."""
    for run in group:
        if run.status().state == "queued":
            _withdraw(run)
    for run in group:
        if run.status().state in ACTIVE:
            run.commands.send("stop")
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)


def _withdraw(run: Run) -> None:
    try:
        Queue(run.path.parent).remove(run)
    except Refused as refused:
        if run.status().state == "queued":  # it has not begun at this moment: Slurm would not let it go
            tell(refused)


def _follow(run: Run, advance: Callable[[], object]) -> Status:
    """Show progress until the run has ended, and see to it that what waits begins."""
    with tqdm(total=None, unit="step", dynamic_ncols=True, disable=None) as bar:
        while (status := run.status()).state in PENDING:
            advance()
            _show(bar, status)
            time.sleep(0.2)
        _show(bar, status)
    return status


def _show(bar: "tqdm[None]", status: Status) -> None:
    bar.total = status.steps or None
    bar.n = status.step
    bar.set_description(
        f"{status.message or status.state}{'' if status.progress is None else f' {status.progress:.0%}'}", refresh=False
    )
    bar.set_postfix_str(f"epoch {status.epoch}/{status.epochs}", refresh=False)
    bar.refresh()
