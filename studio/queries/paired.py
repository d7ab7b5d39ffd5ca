"""Paired differences: how sure it is that one group of runs is better than another, seed by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05
"""A difference is called one if its corrected p is at most this."""
EXACT_UP_TO = 13
"""With more pairs than this so many sign flips are drawn, instead of all being tried."""
DRAWS = 9999
ROUNDING = 1e-12
"""Accuracies that are equal but for this have been rounded."""


@dataclass(frozen=True)
class Difference:
    """Mean of the differences over the seeds that both groups have, its 95 % BCa interval, and p of the exact sign-flip test."""

    n: int
    mean: float | None = None
    """None where no seed is shared, as the others are where one is no basis for them."""
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Two-sided, corrected for the number of comparisons (Holm 1979) by `corrected`."""
    verdict: str = ""
    """What can be said of it, in words."""


def difference(values: Mapping[int, float], reference: Mapping[int, float]) -> Difference:
    """`values` − `reference`, both by seed; p is not corrected yet."""
    shared = sorted(values.keys() & reference.keys())
    return _of(tuple(values[seed] - reference[seed] for seed in shared))


@lru_cache(maxsize=4096)
def _of(differences: tuple[float, ...]) -> Difference:
    """The same from the differences themselves, worked out once: boards share them, and a page asks again and again."""
    if len(differences) < 2:
        return Difference(len(differences), differences[0] if differences else None)
    found = np.array(differences)
    low, high = interval(found)
    return Difference(len(found), float(found.mean()), low, high, sign_flip(found))


def interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % interval of the mean by the bias-corrected and accelerated bootstrap (Efron 1987); one point if all are equal."""
    if np.ptp(differences) <= ROUNDING:
        return float(differences[0]), float(differences[0])
    from scipy import stats  # which takes a second to load

    found = stats.bootstrap((differences,), np.mean, n_resamples=DRAWS, method="BCa", rng=np.random.default_rng(0))
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def sign_flip(differences: NDArray[np.float64]) -> float:
    """p of the two-sided test that flips the signs of the differences: exact, or with many pairs by `DRAWS` random flips."""
    from scipy import stats

    tries = np.inf if len(differences) <= EXACT_UP_TO else DRAWS
    return float(
        stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=tries, rng=np.random.default_rng(0)
        ).pvalue
    )


def corrected(found: Sequence[Difference]) -> list[Difference]:
    """The same with p corrected by Holm's step-down for as many comparisons as have a p, and what can be said of each."""
    known = [one.p for one in found if one.p is not None]
    by_p = iter(holm(known))
    return [_said(one, None if one.p is None else next(by_p), len(known)) for one in found]


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's corrected p values, which keep the chance of even one false alarm at the level."""
    order, worst, found = np.argsort(ps, kind="stable"), 0.0, [1.0] * len(ps)
    for rank, index in enumerate(order):
        worst = max(worst, min(1.0, (len(ps) - rank) * ps[index]))
        found[index] = worst
    return found


def _said(one: Difference, p: float | None, comparisons: int) -> Difference:
    return Difference(one.n, one.mean, one.low, one.high, p, _verdict(one, p, comparisons))


def _verdict(one: Difference, p: float | None, comparisons: int) -> str:
    if p is None or one.mean is None:
        return "no seed in common" if not one.n else "one seed tells nothing of chance"
    if p <= LEVEL:
        return "better" if one.mean > 0 else "worse"
    if comparisons * 2 / 2**one.n > LEVEL:
        among = f" among {comparisons} comparisons" if comparisons > 1 else ""
        return f"with {one.n} seeds{among} no difference can be significant"
    return f"not distinguishable with {one.n} seeds"
