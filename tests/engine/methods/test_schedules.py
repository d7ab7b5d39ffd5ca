"""Schedules begin and end where they should."""

import pytest

from engine.experiment.optimization import Schedule
from engine.methods import MARWP, RWP


@pytest.mark.parametrize(
    ("schedule", "start", "middle", "end"),
    [
        ("constant", 0.02, 0.02, 0.02),
        ("cosine-increase", 0.002, 0.011, 0.02),
        ("linear-increase", 0.002, 0.011, 0.02),
        ("cosine-decrease", 0.02, 0.011, 0.002),
    ],
)
def test_sigma(schedule: str, start: float, middle: float, end: float) -> None:
    method = RWP(sigma=0.02, sigma_schedule=schedule)
    assert [method.sigma_at(t) for t in (0, 0.5, 1)] == pytest.approx([start, middle, end])


def test_defaults_are_those_of_the_paper() -> None:
    assert (RWP().sigma, RWP().sigma_schedule) == (0.01, "cosine-increase")
    mixed = MARWP()
    assert (mixed.sigma, mixed.sigma_schedule, mixed.lambda_, mixed.eta, mixed.beta) == (0.015, "constant", 0.5, 0.1, 0.99)


def test_learning_rate() -> None:
    assert [Schedule().lr_factor(t) for t in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert Schedule(lr="constant").lr_factor(0.9) == 1
