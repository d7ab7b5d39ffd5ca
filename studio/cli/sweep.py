"""`rwp-studio sweep`: train with many values of some fields, and tell which are best and which field matters."""

import argparse
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from tqdm import tqdm

from engine.errors import Problem, Refused
from engine.experiment.sweep import read_sweep
from engine.experiment.validate import check
from engine.launch import devices
from engine.machine import cores
from engine.runs.labels import read_labels
from studio.cli.folders import Folders
from studio.cli.launcher import launcher_flags, slurm_options
from studio.cli.train import forking, stopping
from studio.output import tell

if TYPE_CHECKING:
    from studio.cli import Commands
    from studio.sweep.study import Study
    from studio.sweep.trainer import SweepTrainer

TOLD = 10
"""How many of the best are told."""


def add(commands: "Commands", folders: Folders) -> None:
    """Add `sweep`."""
    about = "train with many values of some fields, and tell which are best"
    sweep = commands.add_parser("sweep", parents=[*folders, launcher_flags()], help=about)
    sweep.add_argument("sweep", metavar="SWEEP.json", help="what is searched, and how; or the name of a ready-made sweep: demo")
    sweep.add_argument("--minutes", type=_minutes, metavar="N", help="begin nothing after so long; what has begun is trained")
    sweep.add_argument("--worker", action="store_true", help="help another process with the same sweep")
    sweep.add_argument(
        "--storage", default="", metavar="URL", help="a database for workers that share no disk (default: a file beside the runs)"
    )
    sweep.add_argument(
        "--jobs", type=_count, default=16, metavar="N", help="how many trials are with Slurm at a time (default: %(default)s)"
    )
    sweep.set_defaults(do=run)


def run(given: argparse.Namespace) -> int:
    """Train what is left of the sweep, or what can begin in time; returns 130 if somebody stopped it, or else 0."""
    sweep = read_sweep(given.sweep)
    for point in sweep.grid() if sweep.search == "grid" else sweep.extremes():
        check(sweep.experiment(point), given.data)
    options = slurm_options(given)
    read_labels({"tags": [sweep.title]})
    from studio.sweep.study import Study, storage  # loading Optuna takes a second
    from studio.sweep.trainer import SweepTrainer

    study = Study(sweep, storage(given.runs, sweep.title, given.storage))
    if study.others() and not given.worker:
        raise Refused(Problem("SWEEP.json", "another process trains this sweep", "Add --worker to help it, or end it first"))
    if study.ended:
        tell(f"goes on with {sweep.title!r}: {study.ended} of {sweep.total} trials have been trained")
    trainer = SweepTrainer(study, given.runs, given.data, given.jobs if options else _room(study), options)
    is_stopped = _train(study, trainer, given.minutes)
    _tell_best(study)
    return 130 if is_stopped else 0


def _minutes(text: str) -> float:
    if not (minutes := float(text)) > 0:  # which refuses what is no number, too
        raise argparse.ArgumentTypeError(f"{text} should be more than 0")
    return minutes


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} should be 1 or more")
    return count


def _room(study: "Study") -> int:
    """How many trials are trained at once on this machine."""
    on_cpu = all(name == "cpu" for name in devices.suitable(study.sweep.experiment(next(study.sweep.extremes()))))
    return cores() if on_cpu else 1


def _train(study: "Study", trainer: "SweepTrainer", minutes: float | None) -> bool:
    """Train; whether somebody stopped it."""
    end = time.monotonic() + 60 * (minutes if minutes is not None else float("inf"))
    tell(f'to watch it, find tag:"{study.sweep.title}" on the page Compare of the studio')
    with (
        stopping(trainer.made) as is_stopped,
        nullcontext() if trainer.slurm else forking(),
        tqdm(total=study.sweep.total, initial=study.ended, unit="trial", dynamic_ncols=True, disable=None) as bar,
    ):

        def show() -> None:
            bar.n = study.ended
            bar.refresh()

        trainer.train(lambda: time.monotonic() < end, is_stopped.is_set, show)
    return is_stopped.is_set()


def _tell_best(study: "Study") -> None:
    """The best trials with their runs, and which field matters."""
    best = study.best()
    for rank, trial in enumerate(best[:TOLD], 1):
        print(f"{rank:3}  {100 * (trial.value or 0):6.2f} %  {_point(trial.params)}  {trial.user_attrs.get('run', '')}")
    if without := study.ended - len(best):
        print(f"{without} of {study.ended} trials have no accuracy: they diverged, failed, or were stopped as hopeless")
    for path, share in study.importance().items():
        print(f"{path} explains {100 * share:.0f} % of the spread")


def _point(values: dict[str, object]) -> str:
    return "  ".join(f"{path}={value:.6g}" if isinstance(value, float) else f"{path}={value}" for path, value in values.items())
