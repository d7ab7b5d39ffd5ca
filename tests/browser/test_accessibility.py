"""Everybody can use the pages: axe-core finds nothing, and what is to be touched can be hit."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from engine.runs.writer import Writer
from tests.browser.actions import PLOT, show_form, until
from tests.browser.conftest import PATIENCE
from tests.processes import SHORT, Launch, is_finished, wait
from tests.studios import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SMALL = """() => [...document.querySelectorAll('button, input, select, textarea, summary')]
    .filter((part) => part.checkVisibility())
    .map((part) => [part.outerHTML.slice(0, 120), part.getBoundingClientRect()])
    .filter(([, { width, height }]) => width && (width < 24 || height < 24))
    .map(([text]) => text)"""


@pytest.fixture(scope="module")
def studio(module_studio: Studio) -> Iterator[Studio]:
    """A studio with a finished run that has more events than fit into their list."""
    launch = Launch(module_studio.folder)
    run = launch(SHORT)
    wait(run, is_finished)
    launch.processes[-1].wait()
    writer = Writer(run.path / "run.db")
    for _ in range(40):
        writer.event(1, "told")
    writer.flush(run.status())
    writer.close()
    yield module_studio
    launch.end()
    module_studio.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_axe_finds_nothing_where_all_is_open(browser: Browser, studio: Studio, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    for path in ("/", "/runs", "/compare", "/gallery"):
        page.goto(studio.url + path)
        if path == "/":
            unfold(page)
        elif path == "/runs":
            expect(page.locator("tbody tr").first).to_be_visible()
            page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        elif path == "/compare":
            page.get_by_role("button", name="Tick all shown").click()
            expect(page.locator("[data-board-rows] tr")).to_have_count(1)
            expect(page.locator(".js-plotly-plot").first).to_be_visible()
            page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        else:
            expect(page.locator("table").first).to_be_visible()
        violations = Axe().run(page).response["violations"]
        assert [(one["impact"], one["id"], [node["target"] for node in one["nodes"]]) for one in violations] == [], path
        if width == 400:
            assert page.evaluate(SMALL) == [], path
    context.close()


def unfold(page: Page) -> None:
    expect(page.locator(PLOT["loss"])).to_be_visible()
    show_form(page)
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    closed = page.locator("button.label-wrap:not(.open)")

    def is_unfolded() -> bool:
        if closed.count():
            fold = closed.first.element_handle()
            fold.click()
            page.wait_for_function("fold => fold.classList.contains('open')", arg=fold)
        return not closed.count() and page.locator("#knob-runtime-compile").is_visible()  # which is in a fold within a fold

    until(page, is_unfolded)
