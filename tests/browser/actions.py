"""What a person does in the browser, and what there is to be seen."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from engine.runs.run import Run
from tests.processes import wait
from tests.studios import Studio

PLOT = {"loss": "[data-figure=loss] .js-plotly-plot", "surface": "[data-surface]"}


def badge(page: Page, state: str) -> None:
    """Wait until the run is in this state."""
    expect(page.locator("[data-badge]")).to_have_text(state)


def knob(page: Page, path: str) -> Any:
    return page.locator(f"#knob-{path.replace('.', '-')}")


def show_form(page: Page, is_shown: bool = True) -> None:
    """Have the form for the next run in sight, or the knobs of the run that is shown."""
    page.wait_for_selector("html[data-drawer]")
    if (page.locator("html").get_attribute("data-drawer") == "open") != is_shown:
        page.get_by_role("button", name="Next run").click()


def choose(page: Page, path: str, name: str) -> None:
    show_form(page)
    knob(page, path).locator("input").click()
    page.get_by_role("option", name=name, exact=True).click()


def fill(page: Page, path: str, value: str) -> None:
    show_form(page)
    box = knob(page, path).locator("input[type=number], input[type=text], textarea").first
    box.fill(value)
    box.press("Tab")


def open_fold(page: Page, title: str) -> None:
    show_form(page)
    page.locator("button.label-wrap", has_text=title).click()


def start_long(page: Page, studio: Studio) -> Run:
    """Start a training that will not end by itself, in slow motion."""
    open_fold(page, "Schedule")
    fill(page, "schedule.epochs", "9000")
    page.locator("#rwp-start").click()
    until(page, lambda: bool(Run.all(studio.runs)))
    slow_motion(studio.newest)
    badge(page, "running")
    return studio.newest


def slow_motion(run: Run, per_second: float = 10) -> None:
    """Let no engine, however fast, take more steps a second, from its first one on."""
    wait(run, lambda status: status.pid != 0 and status.state != "queued")
    run.commands.send("pace", per_second=per_second)


def look(page: Page, figure: str, at: str) -> Any:
    """What a function of JavaScript finds in a chart, once it has been drawn, which it is only where it can be seen."""
    return page.evaluate(
        f"""figure => {{
            const frame = document.querySelector(`[data-figure=${{figure}}]`);
            frame?.scrollIntoView({{block: 'nearest'}});
            return ({at})(frame?.querySelector('.js-plotly-plot') ?? {{}});
        }}""",
        figure,
    )


def points(page: Page) -> int:
    """Points of the loss curve that are drawn."""
    return len(drawn(page))


def drawn(page: Page) -> list[float]:
    """The places on the x axis of the loss curve of the run that is shown."""
    found: list[float] = look(page, "loss", "({data}) => data?.find(({uid}) => /^(raw|own)-train-loss$/.test(uid))?.x ?? []")
    return found


def step(page: Page) -> int:
    return int(
        page.locator("[data-tiles] div", has_text="Step")
        .locator("dd")
        .inner_text()
        .split(" ")[0]
        .replace(",", "")
        .replace("–", "0")
    )


def until(page: Page, holds: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        page.wait_for_timeout(100)


def count_drawings(page: Page, selector: str) -> Callable[[], int]:
    """How often a plot has been drawn since this call."""
    page.evaluate(
        """selector => {
            window.drawings = 0;
            document.querySelector(selector).on('plotly_afterplot', () => { window.drawings += 1 });
        }""",
        selector,
    )
    return lambda: int(page.evaluate("window.drawings"))


def drag(page: Page, selector: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag the mouse across an element, from and to places given as fractions of its size."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    assert box
    page.mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
    page.mouse.down()
    for part in (0.25, 0.5, 0.75, 1):
        across, down = (start[i] + part * (end[i] - start[i]) for i in (0, 1))
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        page.wait_for_timeout(60)  # a surface turns only as fast as it is drawn
    page.mouse.up()


def see_surface(page: Page) -> None:
    """Scroll to the landscape once there is one; it is drawn where it can be seen."""
    page.locator("[data-landscape]").wait_for()
    page.locator(PLOT["surface"]).scroll_into_view_if_needed()
    page.wait_for_selector(f"{PLOT['surface']} canvas")
