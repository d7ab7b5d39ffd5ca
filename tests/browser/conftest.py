"""A real studio as a process of its own, and a real browser.

Nothing here counts on how long anything takes: with RWP_TEST_SPEED=fast or slow the engines are ten times faster or slower.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from tests.studios import Studio

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]


PATIENCE = 120_000
"""Milliseconds after which something that is waited for will not happen any more, however slow the machine is."""

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="module")
def module_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One studio for the tests of a file: its start takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch:
        if "RWP_TEST_SPEED" in os.environ:
            patch.setenv("PYTHONPATH", str(Path(__file__).with_name("speed")))
        studio = Studio(tmp_path_factory.mktemp("studio"))
        studio.start()
        yield studio
        if studio.process:
            studio.end(signal.SIGINT)


@pytest.fixture
def studio(module_studio: Studio) -> Iterator[Studio]:
    """A studio that answers and has no runs."""
    if not module_studio.process:
        module_studio.start()
    yield module_studio
    module_studio.clear()
    assert "Traceback" not in module_studio.said


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: install Debian's chromium to run the browser tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, studio: Studio) -> Iterator[Page]:
    """The studio in a fresh window; the test fails if the page has errors or asks another host for anything."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.extend(_foreign(request, studio.url)))
    page.goto(studio.url)
    page.wait_for_selector("[data-picker]")
    yield page
    context.close()
    assert faults == []


def _foreign(request: Request, home: str) -> list[str]:
    return [] if request.url.startswith((home, "data:", "blob:")) else [f"request to {request.url}"]
