"""On a GPU: two gradients one after the other, in two streams, and with the whole step in one graph."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch

from benchmarks.cases import Case, experiment, learner_on_noise
from benchmarks.timing import Row, in_turn, rows, seconds_of
from engine.training.step.cuda_graph import WARM_UP

CASES = (Case("small-cnn", 32, 128), Case("resnet18", 32, 128), Case("vit-s", 32, 128))
SGD, SAM, GRAPH, TWO = "SGD", "SAM", "m-ARWP in two streams and one graph", "m-ARWP on two GPUs"
WAYS: dict[str, dict[str, Any]] = {
    SGD: {"method": "sgd"},
    SAM: {"method": "sam"},
    "SGD in a graph": {"method": "sgd", "cuda_graph": True},
    "SAM in a graph": {"method": "sam", "cuda_graph": True},
    "m-ARWP one after the other": {"method": "m-arwp"},
    "m-ARWP one after the other in a graph": {"method": "m-arwp", "cuda_graph": True},
    "m-ARWP in two streams": {"method": "m-arwp", "streams": "parallel"},
    GRAPH: {"method": "m-arwp", "streams": "parallel", "cuda_graph": True},
}
GOALS = {("small-cnn", SGD): "≤ 0.60", ("small-cnn", SAM): "≤ 0.50", ("resnet18", SGD): "≤ 1.60", ("resnet18", SAM): "≤ 0.80"}
UPDATES = 20


def measure(rounds: int) -> Iterator[Row]:
    """Nothing where there is no GPU."""
    if torch.cuda.is_available():
        for case in CASES:
            for precision in ("fp32", "bf16"):
                yield from table(case, precision, torch.device("cuda", 0), rounds)


def table(case: Case, precision: str, device: torch.device, rounds: int) -> Iterator[Row]:
    """Everything against SGD and SAM as they are, on `device`."""
    two = {TWO: {"method": "m-arwp", "streams": "parallel", "devices": 2}} if torch.cuda.device_count() > 1 else {}
    ways = WAYS | two
    made = {name: some_steps(case, device, precision=precision, **way) for name, way in ways.items()}
    taken = in_turn({name: partial(seconds_of, some) for name, some in made.items()}, rounds)
    ours = [name for name in ways if name not in (SGD, SAM)]
    wanted = [(name, other, _goal(case, precision, name, other)) for name in ours for other in (SGD, SAM)]
    yield from rows(taken, *wanted, where=f"{case}, {precision}")


def _goal(case: Case, precision: str, name: str, other: str) -> str:
    if name == TWO:
        return "≤ 1.05" if other == SGD else ""
    return GOALS.get((case.model, other), "") if name == GRAPH and precision == "fp32" else ""


def some_steps(case: Case, device: torch.device, method: str, streams: str = "sequential", **runtime: Any) -> Callable[[], None]:
    """Some steps of a new training on `device`. Raises `RuntimeError` if they were to be a graph's and are not."""
    learner = learner_on_noise(experiment(case, method, runtime={"streams": streams, **runtime}), case, device)
    learner.choose_streams()
    for _ in range(WARM_UP + 2):
        learner.take_step()
    if runtime.get("cuda_graph") and "in one CUDA graph" not in learner.how:
        raise RuntimeError(learner.how)

    def some() -> None:
        for _ in range(UPDATES):
            learner.take_step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return some
