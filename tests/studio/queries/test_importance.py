"""Importance against functions of which it is known how much each field explains."""

from pathlib import Path

import pytest

from engine.experiment.schema import read
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from studio.queries.importance import importance, importance_of_runs
from studio.queries.listing import Listing

GRID = [({"x": x / 10, "y": y / 10, "same": 1}, x, y) for x in range(11) for y in range(11)]


def test_of_a_sum_each_field_explains_its_variance() -> None:
    found = importance([(settings, 2.0 * x + y) for settings, x, y in GRID])
    assert list(found) == ["x", "y"]
    assert found["x"] == pytest.approx(0.8, abs=0.05)  # 2² : 1²
    assert sum(found.values()) == pytest.approx(1)
    assert found == importance([(dict(reversed(settings.items())), 2.0 * x + y) for settings, x, y in reversed(GRID)])


def test_a_field_that_does_nothing_explains_nothing_and_words_count_as_well() -> None:
    found = importance([({**settings, "way": "a" if x > 5 else "b"}, float(x)) for settings, x, _ in GRID])
    assert found["y"] < 0.01
    assert found["x"] + found["way"] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    "points", [[], [({"x": 1}, 0.5)], [({"x": x}, 0.5) for x in range(9)], [({"x": 1}, x / 9) for x in range(9)]]
)
def test_where_nothing_can_be_told_nothing_is(points: list[tuple[dict[str, int], float]]) -> None:
    assert importance(points) == {}


def trained(runs: Path, accuracy: float, seed: int, **method: object) -> None:
    run = Run.create(runs, read({"seed": seed, "method": method}))
    writer = Writer(run.path / "run.db")
    writer.metrics(1, 1.0, {"test/accuracy": accuracy})
    writer.flush(Status(state="finished", step=1, steps=1))
    writer.close()


def test_runs_of_the_method_that_most_have_are_points_and_their_seeds_explain_nothing(tmp_path: Path) -> None:
    for number in range(8):
        trained(tmp_path, 0.5 + number / 20, number, name="rwp", sigma=number / 100)
    trained(tmp_path, 0.1, 1, name="sam", rho=0.3)
    assert importance_of_runs(Listing(tmp_path).entries()) == {"method.sigma": pytest.approx(1)}
    assert importance_of_runs([]) == {}
