"""Paired differences against scipy, by hand, and on made data with a known answer."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from studio.queries.paired import EXACT_UP_TO, LEVEL, Difference, corrected, difference, holm, interval, sign_flip

DRAWN = np.random.default_rng(3).normal(1.0, 1.5, 8)


def test_the_sign_flip_test_tries_every_flip() -> None:
    means = [abs(np.mean(signs * DRAWN)) for signs in product((1, -1), repeat=8)]
    by_hand = np.mean([mean >= abs(DRAWN.mean()) - 1e-12 for mean in means])
    assert sign_flip(DRAWN) == pytest.approx(by_hand)


@pytest.mark.parametrize("n", [2, 5, 6, EXACT_UP_TO])
def test_the_smallest_p_is_that_of_all_signs_equal(n: int) -> None:
    assert sign_flip(np.arange(1.0, n + 1)) == pytest.approx(2 / 2**n)


def test_many_pairs_are_tested_by_random_flips() -> None:
    drawn = np.random.default_rng(0).normal(0.4, 1, 40)
    assert sign_flip(drawn) == pytest.approx(stats.ttest_1samp(drawn, 0).pvalue, abs=0.01)


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    source = np.random.default_rng(1)
    hits = [low <= 2 <= high for low, high in (interval(source.normal(2, 1, 30)) for _ in range(200))]
    assert 0.88 <= np.mean(hits) <= 0.99


def test_equal_differences_have_an_interval_of_one_point() -> None:
    assert difference({0: 0.5, 1: 0.75}, {0: 0.25, 1: 0.5}) == Difference(2, 0.25, 0.25, 0.25, 0.5)


def test_pairs_are_the_seeds_that_both_have() -> None:
    values, reference = {0: 1.0, 1: 2.0, 7: 9.0}, {1: 1.5, 0: 1.0, 3: 0.0}
    assert difference(values, reference).mean == pytest.approx(0.25)
    assert difference(values, reference).n == 2
    assert difference({1: 2.0}, reference) == Difference(1, 0.5)
    assert difference({5: 2.0}, reference) == Difference(0)


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def said(*columns: list[float]) -> list[str]:
    reference = dict.fromkeys(range(20), 0.0)
    return [one.verdict for one in corrected([difference(dict(enumerate(values)), reference) for values in columns])]


def test_it_is_said_what_can_be_known() -> None:
    clear, mixed = [1.0 + i / 10 for i in range(8)], [1.0, -1.1, 1.2, -1.3, 1.4, -1.0, 0.9, -1.2]
    assert said(clear, mixed, [-value for value in clear]) == ["better", "not distinguishable with 8 seeds", "worse"]
    assert said([1.0]) == ["one seed tells nothing of chance"]
    assert said([]) == ["no seed in common"]
    assert said([1.0, 2, 3, 4, 5]) == ["with 5 seeds no difference can be significant"]
    assert said(clear[:6]) == ["better"]
    assert said(clear[:6], clear[:6]) == ["with 6 seeds among 2 comparisons no difference can be significant"] * 2


def test_equal_methods_are_seldom_called_different() -> None:
    """Of 1,000 races between equal methods, six of them with eight seeds, at most 7 % find any difference."""
    source, alarms = np.random.default_rng(5), 0
    for _ in range(1000):
        rows = source.normal(size=(6, 8))
        ps = [sign_flip(row - rows[0]) for row in rows[1:]]
        alarms += min(holm(ps)) <= LEVEL
    assert alarms <= 70
