"""The figures of the paper and the plane that several runs have in common, drawn on the page Compare by one click."""

import pytest
from playwright.sync_api import Page, expect

from engine.launch.queue import Queue
from engine.runs.lineage import fork
from tests.browser.actions import look, until
from tests.browser.conftest import Studio
from tests.engine.runs.test_lineage import PAPER, trained
from tests.processes import is_finished, wait

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAMES = "({data}) => (data ?? []).map(({type, name}) => [type, name])"


def test_six_forks_lie_on_one_surface_and_in_the_figures(page: Page, studio: Studio) -> None:
    parent = trained(studio.runs, runtime={"keep_every": 2, "streams": "sequential"})
    forks = fork(parent, 8, PAPER)
    Queue(studio.runs).add(*forks)
    for run in forks:
        wait(run, is_finished)
    page.goto(f"{studio.url}/compare?runs={','.join(run.id for run in [parent, *forks])}")
    page.get_by_role("button", name="Shared plane").click()
    until(page, lambda: len(look(page, "shared-plane", NAMES)) == 8)
    surface, *places = look(page, "shared-plane", NAMES)
    assert surface == ["contour", "log₁₀ loss"]
    assert {name.split(",")[0] for _, name in places} == {*PAPER}
    caption = page.locator("[data-figure=shared-plane] figcaption")
    expect(caption).to_contain_text("of the scatter lies in this plane")

    page.get_by_role("button", name="Figure 2").click()
    until(page, lambda: len(look(page, "figure-2", NAMES)) > 6)
    expect(page.locator("[data-figure=figure-2] figcaption")).to_contain_text("(figure 2)")
    page.get_by_role("button", name="Figure 1").click()
    expect(page.locator("[data-paper-word]")).to_contain_text("has no radius. Measure it on the page")
    expect(page.locator("[data-figure=figure-2]")).to_be_visible()
    page.get_by_role("button", name="Untick all").click()
    page.locator("[data-rows] input").first.check()
    page.get_by_role("button", name="Shared plane").click()
    expect(page.locator("[data-paper-word]")).to_contain_text("goes through 2 to 20 runs. Choose so many, not")
