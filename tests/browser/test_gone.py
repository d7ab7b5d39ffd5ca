"""A page whose studio is gone: it says so, nothing in it breaks, and it goes on when the studio is back."""

import signal
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from engine.experiment.schema import Experiment
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from tests.browser.actions import PLOT, badge, points, until
from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GONE = "The studio does not answer"


def stopped(runs: Path, seed: int) -> Run:
    """A run with curves, two landscapes and a group of one seed."""
    run = Run.create(runs, Experiment(seed=seed))
    writer = Writer(run.path / "run.db")
    axis = np.linspace(-1, 1, 5)
    for step in (1, 2):
        writer.metrics(step, step, {"train/loss": 1 / step, "test/accuracy": 0.5})
        np.savez(run.path / "arrays" / f"landscape-{step}.npz", x=axis, y=axis, loss=1 + axis[:, None] ** 2 + axis**2)
        writer.event(step, "landscape", array=f"landscape-{step}", points=5, done=True)
    writer.flush(Status(state="stopped", step=2, steps=100, epochs=30))
    writer.close()
    return run


def press_everything(page: Page, within: str) -> None:
    """Open every fold, then press each button that can be pressed."""
    page.evaluate("within => document.querySelectorAll(`${within} details`).forEach((fold) => { fold.open = true })", within)
    buttons = "[...document.querySelectorAll(`${within} button:enabled`)].filter((button) => button.checkVisibility())"
    page.evaluate(f"within => {buttons}.forEach((button) => button.click())", within)


def test_what_is_looked_for_while_the_studio_is_gone_is_there_when_it_is_back(page: Page, studio: Studio) -> None:
    first, second = (stopped(studio.runs, seed) for seed in (0, 1))
    page.goto(f"{studio.url}/?run={first.id}")
    badge(page, "stopped")
    page.locator("[data-landscape]").scroll_into_view_if_needed()
    page.wait_for_selector(PLOT["surface"])
    studio.end(signal.SIGKILL)
    page.locator("[data-film-at]").fill("0")
    page.locator("[data-picker]").focus()
    page.locator("[data-picker]").select_option(second.id)
    expect(page.locator("[data-connection]")).to_contain_text(GONE)
    studio.start()
    expect(page.locator("[data-connection]")).to_be_hidden()
    badge(page, "stopped")
    expect(page.locator("[data-path='method.sigma']")).to_be_attached()
    expect(page.locator("[data-landscape-caption]")).to_contain_text("5 × 5 points;")
    until(page, lambda: points(page) == 2)


def test_whatever_is_pressed_while_the_studio_is_gone_says_so_and_breaks_nothing(page: Page, studio: Studio) -> None:
    runs = [stopped(studio.runs, seed) for seed in (0, 1)]
    page.goto(f"{studio.url}/?run={runs[0].id}")
    badge(page, "stopped")
    expect(page.locator("[data-path='method.sigma']")).to_be_attached()
    other = page.context.new_page()
    faults: list[str] = []
    other.on("pageerror", lambda error: faults.append(str(error)))
    other.goto(f"{studio.url}/runs")
    expect(other.locator("[data-rows] tr")).to_have_count(2)
    studio.end(signal.SIGKILL)
    press_everything(page, ".rwp")
    expect(page.locator("[data-refusal]")).to_contain_text(GONE)
    expect(page.locator("[data-queue-summary]")).to_contain_text(GONE)
    expect(page.locator("[data-pin-refusal]")).to_contain_text(GONE)
    press_everything(other, "[data-rows]")
    expect(other.locator("[data-problem]")).to_contain_text(GONE)
    assert faults == []


def test_a_page_that_is_opened_while_the_studio_goes_is_filled_when_it_is_back(page: Page, studio: Studio) -> None:
    """Half an answer is none, and a script that did not come is fetched again."""
    run = stopped(studio.runs, 0)
    missing = ["**/api/runs", "**/api/actions", "**/plotly.min.js"]
    answers = {
        missing[0]: lambda route: route.fulfill(body='[{"id": "2026'),
        **dict.fromkeys(missing[1:], lambda route: route.abort()),
    }
    for pattern, answer in answers.items():
        page.route(pattern, answer)
    page.goto(f"{studio.url}/?run={run.id}")
    expect(page.locator("[data-connection]")).to_contain_text(GONE)
    page.unroute(missing[0])
    badge(page, "stopped")
    expect(page.locator("[data-connection]")).to_contain_text("trying again")
    for pattern in missing[1:]:
        page.unroute(pattern)
    until(page, lambda: points(page) == 2)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.locator("[data-connection]")).to_be_hidden()
