"""Two gradients at the same time against one after the other, SAM, and SGD."""

from collections.abc import Iterator
from functools import partial

from benchmarks.cases import Case, one_step
from benchmarks.isolated import between
from benchmarks.timing import Row, ratios, rows

CASES = (
    Case("mlp", 8, 128),
    Case("small-cnn", 8, 128),
    Case("small-cnn", 32, 128),
    Case("vit-s", 32, 16),
    Case("resnet18", 32, 32),
)
TINY = ("mlp 8", "small-cnn 8")
PARALLEL = "m-ARWP in parallel"


def measure(rounds: int) -> Iterator[Row]:
    for case in CASES:
        twice = Case(case.model, case.side, 2 * case.batch_size)
        ways = {
            PARALLEL: partial(one_step, case, "m-arwp", "parallel", threads=2),
            "SGD on one core": partial(one_step, case, "sgd"),
            "SAM on one core": partial(one_step, case, "sam"),
            "SAM on two cores": partial(one_step, case, "sam", threads=2),
            "m-ARWP one after the other on two cores": partial(one_step, case, "m-arwp", threads=2),
            "SGD of twice the batch on two cores": partial(one_step, twice, "sgd", threads=2),
        }
        taken = between(ways, {}, rounds)
        tiny = str(case).startswith(TINY)
        yield from rows(
            taken,
            (PARALLEL, "SGD on one core", "≤ 1.20" if tiny else "≤ 1.10"),
            (PARALLEL, "SAM on one core", "≤ 0.55"),
            (PARALLEL, "SAM on two cores", "≤ 0.90"),
            (PARALLEL, "m-ARWP one after the other on two cores", "≤ 1.00"),
            where=str(case),
        )
        a_sample = ratios(taken, PARALLEL, "SGD of twice the batch on two cores")
        yield Row.of(f"{PARALLEL} / SGD of twice the batch on two cores (cost per sample), {case}", a_sample, "≤ 1.00")
