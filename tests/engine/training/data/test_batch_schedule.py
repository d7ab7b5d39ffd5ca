"""When which images are learned from, also where the size of a batch changes on the way."""

import random
from itertools import pairwise

import numpy as np
import pytest

from engine.errors import Refused
from engine.training.data.batch_schedule import MOST, BatchSchedule

Walk = list[tuple[int, int, int]]


def walked(count: int, size: int, changes: dict[int, int], epochs: int) -> Walk:
    """Epoch, images seen and batch size of each step, found by going through them all."""
    found: Walk = []
    epoch = seen = 0
    while True:
        for at_end in (False, True):  # of an epoch by the old size, or by the new one
            size = changes.get(len(found), size) if at_end else size
            if seen + size > count:
                epoch, seen = epoch + 1, 0
        if epoch >= epochs:
            return found
        found.append((epoch, seen, size))
        seen += size


def changed(count: int, size: int, changes: dict[int, int]) -> BatchSchedule:
    made = BatchSchedule.of(count, size)
    for step, new in changes.items():
        made = made.with_size(step, new)
    return made


CASES = {
    "never": (100, 32, {}),
    "between epochs": (100, 32, {3: 16}),
    "within an epoch": (100, 10, {4: 25}),
    "too few images left": (100, 30, {2: 50}),
    "twice in an epoch": (100, 10, {2: 20, 4: 7}),
    "before the first step": (64, 8, {0: 64}),
    "to one batch an epoch and back": (100, 10, {5: 100, 7: 3}),
}


@pytest.mark.parametrize(("count", "size", "changes"), CASES.values(), ids=CASES)
def test_every_update_is_where_walking_comes_to(count: int, size: int, changes: dict[int, int]) -> None:
    batch_schedule = changed(count, size, changes)
    walk = walked(count, size, changes, epochs=5)
    assert batch_schedule.steps(5) == len(walk)
    assert [batch_schedule.at(step) for step in range(len(walk))] == walk
    assert batch_schedule.at(len(walk))[:2] == (5, 0)
    assert batch_schedule.with_segments([tuple(segment) for segment in batch_schedule.segments]) == batch_schedule


def test_random_changes_end_where_walking_ends() -> None:
    draws = random.Random(0)
    for _ in range(200):
        count = draws.randint(5, 200)
        changes = {step: draws.randint(1, count) for step in sorted(draws.sample(range(60), draws.randint(0, 5)))}
        batch_schedule = changed(count, draws.randint(1, count), changes)
        epochs = batch_schedule.at(60).epoch + draws.randint(1, 4)
        walk = walked(count, batch_schedule.segments[0].size, changes, epochs)
        assert [batch_schedule.at(step) for step in range(batch_schedule.steps(epochs))] == walk


def test_progress_and_course_go_from_nothing_to_all_without_a_leap() -> None:
    batch_schedule = changed(1000, 10, {130: 40, 137: 25})
    progress = [batch_schedule.progress(step, 4) for step in range(batch_schedule.steps(4) + 1)]
    assert (progress[0], progress[-1]) == (0, 1)
    assert all(0 < after - before <= 0.0125 for before, after in pairwise(progress))


@pytest.mark.parametrize(("count", "size", "changes"), CASES.values(), ids=CASES)
def test_a_course_leads_through_all_that_is_done(count: int, size: int, changes: dict[int, int]) -> None:
    batch_schedule = changed(count, size, changes)
    curve = batch_schedule.epoch_curve(6)
    steps, epochs = zip(*curve, strict=True)
    assert (curve[0], curve[-1]) == ((0, 0), (batch_schedule.steps(6), 6))
    assert list(steps) == sorted(steps)
    for step in range(batch_schedule.steps(6)):
        told = np.interp(step, steps, epochs)
        an_update = 1 / (count // batch_schedule.at(step).size)
        assert abs(told - batch_schedule.epochs_done(step)) < an_update or step in changes, step


def test_a_course_of_very_many_changes_stays_short() -> None:
    batch_schedule = changed(1000, 10, {step: 10 + step % 2 for step in range(1, 400)})
    assert len(batch_schedule.epoch_curve(9)) < 4 * MOST
    assert batch_schedule.epoch_curve(9)[-1] == (batch_schedule.steps(9), 9)


def test_a_course_without_a_change_is_one_straight_line() -> None:
    assert BatchSchedule.of(100, 10).epoch_curve(3) == [(0, 0.0), (30, 3.0)]


def test_progress_with_one_size_is_the_share_of_the_updates() -> None:
    batch_schedule = BatchSchedule.of(1437, 128)
    assert [batch_schedule.progress(step, 7) for step in range(78)] == [step / 77 for step in range(78)]


def test_the_same_size_changes_nothing_and_the_last_word_at_a_step_counts() -> None:
    batch_schedule = BatchSchedule.of(100, 10)
    assert batch_schedule.with_size(5, 10) == batch_schedule
    for between in (20, 60, 100):  # of which the last two end the epoch
        assert batch_schedule.with_size(5, between).with_size(5, 25) == batch_schedule.with_size(5, 25)
        assert batch_schedule.with_size(5, between).with_size(5, 10) == batch_schedule


def test_a_batch_larger_than_the_set_is_refused() -> None:
    with pytest.raises(Refused, match="at most 100"):
        BatchSchedule.of(100, 10).with_size(3, 101)
