"""The demonstration on the digits: what each method reaches at its best σ or ρ. `python -m benchmarks.demo`

Chooses the values on training digits that are held out, then trains with other seeds and evaluates on the test digits; prints the
tables of docs/results.md.
"""

import argparse
import multiprocessing
import statistics
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch

from benchmarks.results import spread
from engine.experiment.recipes import find
from engine.training.data import Sources, load
from engine.training.probes import EVALUATION
from engine.training.step.learner import Diverged
from engine.training.trainer.build import build_learner

SIGMAS = tuple(f"sigma={sigma}" for sigma in (0.02, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2))
RHOS = tuple(f"rho={rho}" for rho in (0.1, 0.2, 0.4, 0.8))
GRID = {
    "sgd": ("",),
    "rwp": SIGMAS,
    "arwp": SIGMAS,
    "sam": RHOS,
    "m-rwp": SIGMAS,
    "m-arwp": SIGMAS,
    "sampa": (*RHOS, "rho=1.2", "rho=1.6"),
    "nso": SIGMAS,
}
ALSO = {"arwp": ("method.eta=1.0",)}
"""What else a method is given."""
CHOOSING, TESTING = range(3), range(10, 18)
"""Seeds."""
HELD_OUT = "data.validation_split=0.2"
COLLAPSE = ("sigma=0.15", ("schedule.epochs=20",))
"""Where m-rwp collapses."""


class Task(NamedTuple):
    """A method with the value of its σ or ρ, and what else is set in the recipe."""

    method: str
    value: str
    others: tuple[str, ...] = ()


class Reached(NamedTuple):
    """Accuracies after the last step, or the last one that could be taken."""

    test: float
    train: float


def train(task: Task, seed: int) -> Reached:
    """Train the recipe `demo` as `task` says, and evaluate."""
    torch.set_num_threads(1)
    own = (f"method.{task.value}",) if task.value else ()
    method = (f"method.name={task.method}", *ALSO.get(task.method, ()), *own)
    experiment = find("demo").experiment(*method, f"seed={seed}", *task.others)
    device = torch.device("cpu")
    splits = load(experiment, Path("data"), lambda _message, _fraction: None)
    sources = Sources.of(splits, experiment, device, lambda _file, _reason, _count: None)
    learner = build_learner(experiment, sources.training, len(splits.classes), device)
    learner.choose_streams()
    with suppress(Diverged):  # it is evaluated where it stands
        while learner.step < learner.steps:
            learner.take_step()
    *_, last = EVALUATION.measure(learner, sources)
    return Reached(last.scalars["test/accuracy"], last.scalars["train_eval/accuracy"])


def reached(pool: Executor, tasks: Iterable[Task], seeds: Iterable[int]) -> Iterator[tuple[Task, list[Reached]]]:
    """What each task reaches with each of the seeds."""
    begun = [(task, [pool.submit(train, task, seed) for seed in seeds]) for task in tasks]
    return ((task, [one.result() for one in runs]) for task, runs in begun)


def chosen(pool: Executor, methods: Iterable[str]) -> list[Task]:
    """Each method with the value that is best on what is held out, the smallest of equals; prints what all of them reach."""
    print("| method | accuracy on what is held out, by σ or ρ |\n|---|---|", flush=True)
    best = []
    for method in methods:
        tasks = [Task(method, value, (HELD_OUT,)) for value in GRID[method]]
        means = {task.value: statistics.mean(one.test for one in runs) for task, runs in reached(pool, tasks, CHOOSING)}
        print(f"| {method} | {', '.join(f'{value} {100 * mean:.1f}'.strip() for value, mean in means.items())} |", flush=True)
        best.append(Task(method, max(means, key=lambda value: means[value])))
    return best


def table(pool: Executor, tasks: Iterable[Task]) -> None:
    """Print mean ± standard deviation of the accuracies of each task on the test digits, in percent."""
    print("\n| method | σ or ρ | test accuracy | training accuracy |\n|---|---|---|---|")
    for task, runs in reached(pool, tasks, TESTING):
        cells = (spread([*accuracies], 100) for accuracies in zip(*runs, strict=True))
        print(f"| {task.method} | {task.value} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demo", description=__doc__)
    parser.add_argument("--at-once", type=int, default=2, help="how many are trained at the same time (default: %(default)s)")
    parser.add_argument("--methods", nargs="+", choices=GRID, default=list(GRID), help="which methods (default: all)")
    given = parser.parse_args()
    with ProcessPoolExecutor(given.at_once, multiprocessing.get_context("spawn")) as pool:
        table(pool, chosen(pool, given.methods))
        table(pool, [Task(method, *COLLAPSE) for method in ("m-rwp", "m-arwp")])


if __name__ == "__main__":
    main()
