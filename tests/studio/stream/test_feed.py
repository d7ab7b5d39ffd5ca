"""One run in memory: cursors, thinning, and starting over."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.runs.run import SILENT_SECONDS
from engine.runs.status import State, Status
from engine.runs.writer import Writer
from studio.stream.curve import POINTS
from studio.stream.feed import Feed
from tests.studio.script import Script


def read(feed: Feed, cursor: str = "") -> tuple[str, dict[str, Any]]:
    """What `feed` tells somebody at `cursor`."""
    feed.refresh()
    after, message = feed.message(cursor)
    head, data = message.decode().split("\n", 1)
    assert head == f"id: {after}"
    return after, json.loads(data.removeprefix("data: "))


def test_a_newcomer_gets_everything(script: Script) -> None:
    script.steps(1, 5)
    _, message = read(Feed(script.run))
    assert message["reset"] is True
    assert message["metrics"]["train/loss"] == {
        "step": [1, 2, 3, 4, 5],
        "value": [1, 2, 3, 4, 5],
        "seconds": [0.1, 0.2, 0.3, 0.4, 0.5],
    }
    assert message["status"]["state"] == "running"


def test_a_cursor_gets_only_what_is_new(script: Script) -> None:
    feed = Feed(script.run)
    script.steps(1, 5)
    cursor, _ = read(feed)
    script.steps(6, 7)
    _, message = read(feed, cursor)
    assert message["reset"] is False
    assert message["metrics"]["train/loss"]["step"] == [6, 7]


def test_a_cursor_outlives_the_studio(script: Script) -> None:
    script.steps(1, 5)
    cursor, _ = read(Feed(script.run))
    script.steps(6, 6)
    _, message = read(Feed(script.run), cursor)
    assert (message["reset"], message["metrics"]["train/loss"]["step"]) == (False, [6])


def test_events_come_once(script: Script) -> None:
    feed = Feed(script.run)
    script.writer.event(0, "started")
    script.steps(1, 1)
    cursor, message = read(feed)
    assert [event["kind"] for event in message["events"]] == ["started"]
    script.writer.event(1, "landscape", array="landscape-00000001", points=7, done=False)
    script.steps(2, 2)
    _, message = read(feed, cursor)
    assert [(event["kind"], event["data"]["points"]) for event in message["events"]] == [("landscape", 7)]


@pytest.mark.parametrize("rewritten", [2, 3, 5, 9], ids="up to step {}".format)
def test_rewritten_history_starts_over(script: Script, rewritten: int) -> None:
    feed = Feed(script.run)
    script.steps(1, 5)
    cursor, _ = read(feed)
    script.writer.cut(1)
    script.steps(2, rewritten, factor=10)
    _, message = read(feed, cursor)
    assert message["reset"] is True
    assert message["metrics"]["train/loss"]["value"] == [1, *(10 * step for step in range(2, rewritten + 1))]


def test_a_cut_that_nobody_saw_the_end_of_is_no_reset(script: Script) -> None:
    feed = Feed(script.run)
    script.steps(1, 5)
    cursor, _ = read(feed)
    script.steps(6, 9)
    script.writer.cut(5)
    script.steps(6, 7, factor=10)
    _, message = read(feed, cursor)
    assert (message["reset"], message["metrics"]["train/loss"]["value"]) == (False, [60, 70])


@pytest.mark.parametrize("cursor", ["", "x", "1.0", "99.0.0", "5.7.0", "-1.0.0", "5.0.zz", "5" * 5000, "5.0.0.0"])
def test_a_cursor_that_is_not_ours_starts_over(script: Script, cursor: str) -> None:
    script.steps(1, 5)
    _, message = read(Feed(script.run), cursor)
    assert message["reset"] is True


def test_long_curves_are_thinned_and_keep_their_extremes(script: Script) -> None:
    for step in range(1, 10_001):
        script.writer.metrics(step, step, {"train/loss": 1.0 + (step == 4321) * 50})
    script.says(Status(state="running", step=10_000))
    _, message = read(Feed(script.run))
    curve = message["metrics"]["train/loss"]
    assert len(curve["step"]) <= POINTS
    assert (curve["step"][0], curve["step"][-1], max(curve["value"])) == (1, 10_000, 51)


def test_values_that_are_not_numbers_become_null(script: Script) -> None:
    script.writer.metrics(1, 0.1, {"train/loss": float("nan")})
    script.writer.metrics(2, 0.2, {"train/loss": float("inf")})
    script.says(Status(state="diverged", step=2))
    _, message = read(Feed(script.run))
    assert message["metrics"]["train/loss"]["value"] == [None, None]


def test_a_run_that_does_not_change_says_nothing(script: Script) -> None:
    script.steps(1, 5)
    feed = Feed(script.run)
    assert feed.refresh()
    assert not feed.refresh()
    script.says(Status(state="running", step=5, steps=100, epochs=10))  # only the heartbeat is new
    feed.refresh()
    assert not feed.refresh()


@pytest.mark.parametrize("state", ["starting", "loading", "running", "paused", "measuring"])
def test_an_engine_that_stops_to_answer_is_told_although_nothing_is_written(
    script: Script, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    script.says(Status(state=state, message="at work"))
    monkeypatch.setattr(time, "time", lambda: 1_000.0 + SILENT_SECONDS - 1)
    feed = Feed(script.run)
    feed.refresh()
    assert not feed.refresh()
    monkeypatch.setattr(time, "time", lambda: 1_000.0 + SILENT_SECONDS + 1)
    assert feed.refresh()
    status = read(feed)[1]["status"]
    assert (status["state"], status["silent_since"]) == (state, 1_000.0)
    assert status["message"].startswith("at work. The engine has not answered since")
    script.says(Status(state=state, message="at work"))
    assert feed.refresh()
    assert read(feed)[1]["status"]["silent_since"] is None


def test_a_run_whose_folder_is_gone_is_named_keeps_its_curves_and_may_come_back(script: Script, tmp_path: Path) -> None:
    feed = Feed(script.run)
    script.steps(1, 5)
    cursor, _ = read(feed)
    script.run.path.rename(tmp_path / "away")
    assert feed.refresh()
    assert not feed.refresh()
    _, message = read(feed, cursor)
    assert (message["reset"], message["status"]["state"], message["status"]["field"]) == (False, "failed", "run")
    assert "not there any more" in message["status"]["message"]
    (tmp_path / "away").rename(script.run.path)
    assert feed.refresh()
    assert read(feed, cursor)[1]["status"]["state"] == "running"


def test_events_of_records_that_were_begun_anew_are_told(script: Script) -> None:
    feed = Feed(script.run)
    script.steps(1, 2)
    for kind in ("one", "two", "three"):
        script.writer.event(2, kind)
    script.steps(3, 3)
    cursor, message = read(feed)
    assert [event["kind"] for event in message["events"]] == ["one", "two", "three"]
    script.writer.close()
    (script.run.path / "run.db").unlink()
    script.writer = Writer(script.run.path / "run.db")
    script.writer.event(0, "damaged records")
    script.writer.flush(Status(state="running"))
    _, message = read(feed, cursor)
    assert message["reset"] is True
    assert [event["kind"] for event in message["events"]] == ["damaged records"]


def test_a_cursor_at_a_row_that_is_gone_starts_over(script: Script) -> None:
    script.steps(1, 5)
    cursor, _ = read(Feed(script.run))
    script.writer.cut(1)
    assert read(Feed(script.run), cursor)[1]["reset"] is True


def test_rows_are_read_in_the_order_written_with_all_that_floats_can_be(script: Script) -> None:
    values = [0.1, float("inf"), -1e-300, float("-inf"), 12345678.90123, float("nan"), 3.0]
    for step, value in enumerate(values, 1):
        script.writer.metrics(step, step / 3, {"a": value, "b": -value})
    script.says(Status(state="running"))
    curves = script.run.records.curves()
    assert curves["a"].ids.tolist() == [1, 3, 5, 7, 9, 11, 13]
    assert curves["b"].steps.tolist() == [1, 2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(curves["a"].values, values, rtol=1e-14)
    np.testing.assert_allclose(curves["b"].values, np.negative(values), rtol=1e-14)
    np.testing.assert_allclose(curves["a"].seconds, np.arange(1, 8) / 3, rtol=1e-14)
    assert {name: rows.ids.tolist() for name, rows in script.run.records.curves(11).items()} == {"a": [13], "b": [12, 14]}
