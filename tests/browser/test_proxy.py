"""The studio behind a reverse proxy, in a real browser."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.actions import badge, points, start_long, until
from tests.proxy import proxy
from tests.studios import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BELOW = "/lab/studio-1"


CASES = {
    "a path taken off, another host": (BELOW, True, "127.0.0.1:7"),
    "a path left on, a name": (BELOW, False, "inner.example"),
    "no path, another host": ("", True, "localhost"),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def outside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Studio]]:
    """The address under which people open a studio that is behind a proxy, and the studio."""
    below, takes_off, host = request.param
    with proxy(below, takes_off, host) as made:
        studio = Studio(tmp_path, "--allowed-host", made.address, "--allowed-host", "inner.example", "--root-path", below)
        studio.start()
        made.target = studio.url.removeprefix("http://")
        yield f"http://{made.address}{below}", studio
        studio.end(signal.SIGINT)
        studio.clear()
        assert "Traceback" not in studio.said


def test_a_run_is_started_and_its_curves_draw(browser: Browser, outside: tuple[str, Studio]) -> None:
    address, studio = outside
    page = browser.new_page()
    page.set_default_timeout(120_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda answer: faults.extend([f"{answer.status} {answer.url}"] if answer.status >= 400 else []))
    page.on("request", lambda asked: faults.extend([] if asked.url.startswith((address, "data:", "blob:")) else [asked.url]))
    page.goto(f"{address}/")
    start_long(page, studio)
    until(page, lambda: points(page) > 2)
    few = points(page)
    until(page, lambda: points(page) > few)
    page.get_by_role("link", name="Gallery").click()
    expect(page.get_by_text("Table 2").first).to_be_visible()
    page.get_by_role("link", name="Runs").click()
    page.locator(".rwp-runs-table a", has_text="digits").first.click()
    badge(page, "running")
    page.get_by_role("button", name="Stop and save").click()
    badge(page, "stopped")
    assert faults == []
    page.close()
