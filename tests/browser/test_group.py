"""The mean over seeds in a real browser: behind the curves of the run that is shown, and never where no value can be."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from engine.experiment.schema import Experiment
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from tests.browser.actions import badge, look, until
from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TRACES = "({data}) => (data ?? []).map(({uid, x, y, opacity, line}) => ({uid, x, y, opacity, width: line.width}))"


def traces(page: Page, figure: str) -> list[dict[str, Any]]:
    """What is drawn, the hindmost first."""
    found: list[dict[str, Any]] = look(page, figure, TRACES)
    return found


def draw(writer: Writer, first: int, last: int, loss: float, accuracy: float) -> None:
    for step in range(first, last + 1):
        values = {"train/sigma": 0.0, "train/gradient_cosine": 1 - loss, "test/loss": loss, "test/accuracy": accuracy}
        writer.metrics(step, step / 10, values)


def finished(studio: Studio, seed: int, loss: float, accuracy: float) -> Run:
    run = Run.create(studio.runs, Experiment(seed=seed))
    writer = Writer(run.path / "run.db")
    draw(writer, 1, 30, loss, accuracy)
    writer.flush(Status(state="finished", step=30, steps=30, epochs=3))
    writer.close()
    return run


def test_a_run_that_trains_is_drawn_before_the_mean_of_those_that_are_finished(page: Page, studio: Studio) -> None:
    for seed, loss, accuracy in ((0, 0.5, 0.9), (1, 0.01, 1.0), (1, 0.01, 1.0)):
        finished(studio, seed, loss, accuracy)
    live = Run.create(studio.runs, Experiment(seed=0))
    with live.lock():
        writer = Writer(live.path / "run.db")
        draw(writer, 1, 10, 0.2, 0.8)
        writer.flush(Status(state="running", step=10, steps=30, epochs=3))
        page.goto(f"{studio.url}/?run={live.id}")
        badge(page, "running")
        left_out = "2 finished seeds, 1 repeat and 1 unfinished left out"
        expect(page.locator("[data-group]")).to_contain_text(f"{left_out}: test accuracy 95.00 ± 7.07 %")
        until(page, lambda: len(traces(page, "loss")) == 3)
        caption = page.locator("[data-figure=loss] figcaption > span")
        expect(caption).to_have_text(f"Loss, behind it mean ± deviation of {left_out}")
        band, mean, own = traces(page, "loss")
        assert [one["uid"] for one in (band, mean, own)] == ["band-test-loss", "mean-test-loss", "own-test-loss"]
        assert (len(mean["x"]), own["x"]) == (30, list(range(1, 11)))
        assert own["width"] > mean["width"]
        assert own.get("opacity") is None
        draw(writer, 11, 20, 0.1, 0.9)
        writer.flush(Status(state="running", step=20, steps=30, epochs=3))
        until(page, lambda: traces(page, "loss")[-1]["x"] == list(range(1, 21)))
        writer.event(20, "changed", path="method.sigma", old=0.015, new=0.05, id=None)
        draw(writer, 21, 21, 0.1, 0.9)
        writer.flush(Status(state="running", step=21, steps=30, epochs=3))
        until(page, lambda: [one["uid"] for one in traces(page, "loss")] == ["own-test-loss"])
        expect(caption).to_have_text("Loss")
        writer.close()


def test_a_band_ends_where_no_value_can_be(page: Page, studio: Studio) -> None:
    runs = [finished(studio, seed, loss, accuracy) for seed, loss, accuracy in ((0, 0.5, 1.0), (1, 0.01, 0.9), (2, 0.01, 1.0))]
    page.locator("[data-smoothing]").fill("0")
    page.goto(f"{studio.url}/?run={runs[0].id}")
    for figure, lowest, highest in (("loss", 0, 1), ("accuracy", 0, 100), ("cosine", -1, 1), ("sigma", 0, 0)):
        page.locator(f"[data-figure={figure}]").scroll_into_view_if_needed()
        until(page, lambda figure=figure: len(traces(page, figure)) == 3)  # type: ignore[misc]
        band = traces(page, figure)[0]["y"]
        assert lowest <= min(band) <= max(band) <= highest, figure
    page.locator("[data-log-scale]").check()
    page.locator("[data-figure=loss]").scroll_into_view_if_needed()
    until(page, lambda: min(traces(page, "loss")[0]["y"]) > 0)


def test_a_seed_alone_has_no_mean_and_its_repeats_are_told(page: Page, studio: Studio) -> None:
    runs = [finished(studio, 0, 0.5, 0.9) for _ in range(3)]
    page.goto(f"{studio.url}/?run={runs[0].id}")
    expect(page.locator("[data-group]")).to_have_text("1 finished seed, 2 repeats left out: a mean takes two seeds.")
    expect(page.locator("[data-group-choice]")).to_be_hidden()
