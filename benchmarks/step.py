"""What the perturbation costs: beside SGD, and beside a loop over parameters."""

from collections.abc import Iterator

import torch

from benchmarks.loops import Case, experiment, loop_on_noise, on_threads, update
from benchmarks.peers import LoopedMARWP
from benchmarks.turns import Row, in_turn, rows

FLAT, LOOPED = "perturbation", "a loop over parameters"


def measure(rounds: int) -> Iterator[Row]:
    case = Case("resnet18", 32, 128)
    ways = {name: update(case, method, threads=2) for name, method in (("SGD", "sgd"), ("RWP", "rwp"), ("ARWP", "arwp"))}
    yield from rows(in_turn(ways, rounds), ("RWP", "SGD", "≤ 1.03"), ("ARWP", "SGD", "≤ 1.03"), where=f"{case}, two cores")
    for case in (Case("small-cnn", 8, 128), Case("vit-s", 32, 16), Case("resnet18", 32, 32)):
        yield from rows(_perturbations(case, 5 * rounds), (FLAT, LOOPED, "≤ 0.50"), where=f"{case.model}, two cores")


def _perturbations(case: Case, rounds: int) -> dict[str, list[float]]:
    """Write w + ε beside w, against adding ε to each parameter and taking it off again."""
    loop = loop_on_noise(experiment(case, "rwp"), case)
    out, w = torch.empty_like(loop.replica.weights), loop.replica.weights
    peer = LoopedMARWP(loop.replica.module, torch.empty(0), torch.empty(0))

    def flat() -> None:
        loop.noise(loop.experiment.method).write(out, w)  # type: ignore[arg-type]

    def one_by_one() -> None:
        epsilons = {p: peer.epsilon(p) for p in peer.module.parameters()}
        peer.move(epsilons, 1)
        peer.move(epsilons, -1)

    return in_turn({FLAT: on_threads(2, flat), LOOPED: on_threads(2, one_by_one)}, rounds)
