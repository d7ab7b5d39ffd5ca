"""Compare: groups are found, ticked, ranked and drawn, and the address tells all of it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.experiment.schema import read
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from tests.browser.actions import until
from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LINES = """() => (document.querySelector('[data-figure=test-accuracy] .js-plotly-plot')?.data ?? [])
    .map((trace) => [trace.name ?? '', trace.x.at(-1), trace.line.color ?? ''])"""


def finished(runs: Path, method: dict[str, object], seed: int, level: float, evaluations: int = 1) -> Run:
    run = Run.create(runs, read({"seed": seed, "method": method}))
    writer = Writer(run.path / "run.db")
    for step in (1, 2, 3):
        writer.metrics(step, step, {"test/accuracy": level + step / 100 + seed / 1000})
    writer.flush(Status(state="finished", step=3, steps=3, epochs=3, gradient_evaluations=3 * evaluations))
    writer.close()
    return run


@pytest.fixture
def raced(studio: Studio) -> None:
    for seed in range(8):
        finished(studio.runs, {"name": "sgd"}, seed, 0.7)
        finished(studio.runs, {"name": "m-rwp", "sigma": 0.12}, seed, 0.9, evaluations=2)
        finished(studio.runs, {"name": "m-rwp", "sigma": 0.05}, seed, 0.8 if seed % 2 else 0.6, evaluations=2)


def test_groups_are_found_ticked_ranked_and_drawn(page: Page, studio: Studio, raced: None) -> None:
    page.goto(f"{studio.url}/compare")
    expect(page.locator("[data-total]")).to_have_text("24 runs in 3 groups · 0 ticked")
    expect(page.locator("[data-nothing]")).to_be_visible()
    page.locator("[data-find]").fill("method:m-rwp sigma>0.1")
    expect(page.locator("[data-total]")).to_have_text("8 of 24 runs in 1 group · 0 ticked")
    page.locator("[data-find]").fill("")
    page.get_by_role("button", name="Tick all shown").click()
    first = page.locator("[data-board-rows] tr").first
    expect(first).to_contain_text("m-rwp σ 0.12")
    expect(first).to_contain_text("+20.00")
    expect(first).to_contain_text("better")
    expect(page.locator("[data-board-rows]")).to_contain_text("not distinguishable with 8 seeds")
    until(page, lambda: len(page.evaluate(LINES)) == 6)
    means = [line for line in page.evaluate(LINES) if line[0]]
    assert {line[0] for line in means} == {"sgd, mean of 8", "m-rwp σ 0.12, mean of 8", "m-rwp σ 0.05, mean of 8"}
    assert len({line[2] for line in means}) == 2
    page.locator("[data-axis]").select_option("evaluations")
    until(page, lambda: {line[1] for line in page.evaluate(LINES) if line[0]} == {3, 6})
    page.locator("[data-cost]").select_option("gradients")
    expect(page.locator("[data-board-caption]")).to_contain_text("After 3 gradient evaluations")
    page.locator("[data-reference]").select_option(label="m-rwp σ 0.12")
    expect(page.locator("[data-board-rows] tr", has_text="sgd")).to_contain_text("worse")


def test_the_address_is_the_view(page: Page, studio: Studio, raced: None) -> None:
    page.goto(f"{studio.url}/compare")
    page.locator("[data-find]").fill("sigma=0.12")
    page.locator("[data-rows] input").first.check()
    page.locator("[data-find]").fill("method:sgd")
    expect(page).to_have_url(re.compile(r"/compare\?q=method%3Asgd.*runs="))
    page.reload()
    expect(page.locator("[data-find]")).to_have_value("method:sgd")
    expect(page.locator("[data-total]")).to_have_text("8 of 24 runs in 1 group · 8 ticked")
    expect(page.locator("[data-board-rows] tr")).to_have_count(1)


def test_a_query_that_is_not_understood_says_where(page: Page, studio: Studio, raced: None) -> None:
    page.goto(f"{studio.url}/compare")
    page.locator("[data-find]").fill("sgd <b>x</b>>3")
    expect(page.locator("[data-problem]")).to_be_hidden()
    page.locator("[data-find]").fill("sgd flatness>3")
    expect(page.locator("[data-problem]")).to_contain_text("no field “flatness” (at character 5)")


def test_of_many_runs_only_those_in_sight_are_in_the_document(page: Page, studio: Studio) -> None:
    for number in range(400):
        Run.create(studio.runs, read({"seed": number % 5, "method": {"sigma": round(0.0005 * (number // 5 + 1), 4)}}))
    page.goto(f"{studio.url}/compare?by=run")
    expect(page.locator("[data-total]")).to_have_text("400 runs · 0 ticked")
    assert page.locator("[data-rows] tr").count() < 60
    page.locator("[data-frame]").evaluate("frame => frame.scrollTo(0, frame.scrollHeight)")
    page.locator("[data-find]").fill("sigma<0.002")
    expect(page.locator("[data-total]")).to_have_text("15 of 400 runs · 0 ticked")
    expect(page.locator("[data-rows] tr input")).to_have_count(15)
