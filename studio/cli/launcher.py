"""The flags `--launcher` and `--slurm`: where a training takes place."""

import argparse
from collections.abc import Iterable

from engine.errors import Problem, Refused
from engine.launch import slurm
from engine.runs.run import Run
from engine.runs.slurm import EXAMPLE, SlurmOptions, parse, write_options


def launcher_flags() -> argparse.ArgumentParser:
    """A parent parser."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--launcher",
        choices=("local", "slurm"),
        default="local",
        help="train on this machine, or in jobs of Slurm (default: local)",
    )
    parent.add_argument(
        "--slurm",
        default="",
        metavar="NAME=VALUE,…",
        help=f"what a job asks for, e.g. {EXAMPLE}; names as of sbatch: {', '.join(SlurmOptions.model_fields)}",
    )
    return parent


def slurm_options(given: argparse.Namespace) -> SlurmOptions | None:
    """What the jobs ask for; None for this machine. Raises `Refused` if Slurm would not take them."""
    if given.launcher == "local":
        if given.slurm:
            raise Refused(Problem("--slurm", "is not for trainings on this machine", "Add --launcher slurm"))
        return None
    options = parse(given.slurm)
    slurm.check(options)
    return options


def launch_with(options: SlurmOptions | None, runs: Iterable[Run]) -> None:
    """Remember for new runs where they are trained."""
    if options:
        for run in runs:
            write_options(run.path, options)
