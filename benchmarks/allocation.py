"""Memory that is kept, as an engine's is, against memory as the C library deals with it."""

from collections.abc import Iterator
from functools import partial

from benchmarks.cases import Case, one_step
from benchmarks.isolated import between
from benchmarks.streams import PARALLEL
from benchmarks.timing import Row, rows
from engine.machine import ENGINE_ENVIRONMENT

CASES = (Case("small-cnn", 32, 128), Case("vit-s", 32, 16), Case("resnet18", 32, 32))
KEPT, GIVEN_BACK = f"{PARALLEL} with memory kept", "given back"


def measure(rounds: int) -> Iterator[Row]:
    without = {name: value for name, value in ENGINE_ENVIRONMENT.items() if not name.startswith("MALLOC_")}
    for case in CASES:
        way = partial(one_step, case, "m-arwp", "parallel", threads=2)
        yield from rows(between({KEPT: way}, {GIVEN_BACK: way}, rounds, without), (KEPT, GIVEN_BACK, ""), where=str(case))
