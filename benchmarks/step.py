"""What the perturbation costs: beside SGD, and beside a loop over parameters."""

from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks.cases import Case, experiment, learner_on_noise, on_threads, one_step
from benchmarks.isolated import between
from benchmarks.peers import LoopedMARWP
from benchmarks.timing import Row, rows
from engine.training import models

FLAT, LOOPED = "perturbation", "a loop over parameters"


def measure(rounds: int) -> Iterator[Row]:
    case = Case("resnet18", 32, 128)
    methods = (("SGD", "sgd"), ("RWP", "rwp"), ("ARWP", "arwp"))
    taken = between({name: partial(one_step, case, method, threads=2) for name, method in methods}, {}, rounds)
    yield from rows(taken, ("RWP", "SGD", "≤ 1.03"), ("ARWP", "SGD", "≤ 1.03"), where=f"{case}, two cores")
    for case in (Case("small-cnn", 8, 128), Case("vit-s", 32, 16), Case("resnet18", 32, 32)):
        taken = between({FLAT: partial(_flat, case)}, {LOOPED: partial(_looped, case)}, rounds)
        yield from rows(taken, (FLAT, LOOPED, "≤ 0.50"), where=f"{case.model}, two cores")


def _flat(case: Case) -> Callable[[], object]:
    """Write w + ε beside w."""
    learner = learner_on_noise(experiment(case, "rwp"), case)
    out, w = torch.empty_like(learner.model.weights), learner.model.weights
    return on_threads(2, lambda: learner.noise(learner.experiment.method).write(out, w))  # type: ignore[arg-type]


def _looped(case: Case) -> Callable[[], object]:
    """Add ε to each parameter and take it off again."""
    peer = LoopedMARWP(models.build(experiment(case, "sgd"), case.shape, 10, 0), torch.empty(0), torch.empty(0))

    def one_by_one() -> None:
        epsilons = {p: peer.epsilon(p) for p in peer.module.parameters()}
        peer.move(epsilons, 1)
        peer.move(epsilons, -1)

    return on_threads(2, one_by_one)
