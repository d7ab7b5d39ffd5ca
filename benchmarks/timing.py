"""Things measured in turn within one run, and told as ratios: machines are noisy."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Seconds = dict[str, list[float]]


@dataclass(frozen=True)
class Row:
    """One line of the table: a ratio (or another figure), its quartiles over the rounds, and what is to be reached."""

    what: str
    median: float
    low: float
    high: float
    goal: str

    def __str__(self) -> str:
        return f"| {self.what} | {self.median:.2f} | {self.low:.2f} to {self.high:.2f} | {self.goal} |"

    @classmethod
    def of(cls, what: str, values: list[float], goal: str = "") -> "Row":
        ordered = sorted(values)
        quarter = len(ordered) // 4
        return cls(what, statistics.median(ordered), ordered[quarter], ordered[-1 - quarter], goal)


def seconds_of(run: Callable[[], object], at_least: float = 0.0) -> float:
    """What `run` takes once, on average over as many times as fill `at_least` seconds."""
    began, times = time.perf_counter(), 0
    while not times or time.perf_counter() - began < at_least:
        run()
        times += 1
    return (time.perf_counter() - began) / times


def in_turn(ways: Mapping[str, Callable[[], float]], rounds: int) -> Seconds:
    """The seconds that every way gives in every round; a round before the first is not counted."""
    taken: Seconds = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, seconds in ways.items():
            taken[name].append(seconds())
    return {name: seconds[1:] for name, seconds in taken.items()}


def ratios(taken: Seconds, a: str, b: str, factor: float = 1.0) -> list[float]:
    """a / b, round by round."""
    return [factor * x / y for x, y in zip(taken[a], taken[b], strict=True)]


def rows(taken: Seconds, *wanted: tuple[str, str, str], where: str) -> Iterator[Row]:
    """A row for each (a, b, goal)."""
    for a, b, goal in wanted:
        yield Row.of(f"{a} / {b}, {where}", ratios(taken, a, b), goal)
