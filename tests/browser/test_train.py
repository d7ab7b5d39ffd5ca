"""The main job in a real browser: start a training and watch it live."""

import re
import signal
from operator import gt
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.experiment.recipes import find
from engine.runs.run import Run
from engine.runs.status import Status
from studio.form.values import command
from studio.stream.curve import POINTS
from tests.browser.actions import (
    PLOT,
    badge,
    choose,
    count_drawings,
    drag,
    drawn,
    fill,
    knob,
    look,
    open_fold,
    points,
    see_surface,
    show_form,
    slow_motion,
    start_long,
    step,
    until,
)
from tests.browser.conftest import PATIENCE, Studio
from tests.processes import kill, round_trip

NOTE_CAMERA = """document.querySelector('[data-surface]').on('plotly_relayout', change => {
    window.turned = change['scene.camera'].eye
})"""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def ranges(page: Page) -> Any:
    return page.evaluate(
        f"(plot => [plot.layout.xaxis.range, plot.layout.yaxis.range])(document.querySelector('{PLOT['loss']}'))"
    )


def camera(page: Page) -> Any:
    return page.evaluate("document.querySelector('[data-surface]').layout.scene.camera.eye")


LOOKS = ("/api/runs", "/api/queue", "/checkpoints")
"""Ends of what the page asks for from time to time by itself."""

BUTTON_HEIGHTS = """[
    ...document.querySelectorAll('#rwp-start, #rwp-clone, [data-next-run]'),
    ...[...document.querySelectorAll('[data-ask]')].filter((button) => button.checkVisibility()),
].map((button) => button.getBoundingClientRect().height)"""
"""Of what must be there, and of what may be asked of the shown run at this moment; a hidden one has none."""


@pytest.mark.timeout(900)
def test_start_watch_zoom_reload(page: Page, studio: Studio) -> None:
    run = start_long(page, studio)
    expect(page.locator("#rwp-start")).to_be_enabled()
    until(page, lambda: points(page) > 2)
    few = points(page)
    until(page, lambda: points(page) > few)

    drag(page, f"{PLOT['loss']} .nsewdrag", (0.2, 0.3), (0.6, 0.8))
    zoomed = ranges(page)
    drawings = count_drawings(page, PLOT["loss"])
    until(page, lambda: drawings() >= 10)
    assert ranges(page) == zoomed
    assert page.evaluate(f"document.querySelector('{PLOT['loss']}').layout.xaxis.autorange") is not True

    page.locator("[data-more] summary").click()
    page.get_by_role("button", name="Measure landscape").click()
    see_surface(page)
    page.evaluate(NOTE_CAMERA)
    drag(page, PLOT["surface"], (0.4, 0.5), (0.7, 0.6))
    until(page, lambda: bool(page.evaluate("window.turned")))
    expect(page.locator("[data-landscape-caption]")).to_contain_text("21 × 21 points;", timeout=600_000)
    page.get_by_role("button", name="Stop").click()
    badge(page, "stopped")
    page.evaluate("document.body.classList.toggle('dark')")  # draws everything anew that can be seen
    page.locator(PLOT["surface"]).scroll_into_view_if_needed()
    until(page, lambda: bool(camera(page) == page.evaluate("window.turned")))

    expect(page.locator("[data-title^='Download plot']").first).to_be_attached()
    expect(page.locator("[data-title^='Share']")).to_have_count(0)
    status = run.status()
    page.locator("[data-figure=loss]").scroll_into_view_if_needed()
    until(page, lambda: points(page) == status.step)
    toggle_without_requests(page, status)
    page.reload()
    badge(page, "stopped")
    assert page.url.endswith(f"?run={run.id}")
    expect(page.locator("[data-landscape-caption]")).to_contain_text("21 × 21")
    measured = next(event.step for event in run.records.events(kind="landscape") if event.data["done"])
    expect(page.locator("[data-landscape-caption]")).to_contain_text(f"step {measured:,}:")
    until(page, lambda: points(page) == min(status.step, POINTS))


def toggle_without_requests(page: Page, status: Status) -> None:
    """Smoothing, log scale and x axis change the drawing, and nothing is asked of the server."""
    page.locator("[data-smoothing]").scroll_into_view_if_needed()
    requests: list[str] = []
    page.on("request", lambda request: None if request.url.endswith(LOOKS) else requests.append(request.url))
    page.locator("[data-smoothing]").fill("0")
    until(page, lambda: not look(page, "loss", "({data}) => data.some(({uid}) => uid.startsWith('raw'))"))
    page.locator("[data-log-scale]").check()
    until(page, lambda: bool(look(page, "loss", "({layout}) => layout.yaxis.type === 'log'")))
    page.locator("[data-axis]").select_option("epoch")
    until(page, lambda: drawn(page)[-1] == pytest.approx(status.epochs_done))
    page.locator("[data-axis]").select_option("evaluations")
    until(page, lambda: drawn(page)[-1] == pytest.approx(status.gradient_evaluations))
    assert requests == []


def test_another_method_and_steering(page: Page, studio: Studio) -> None:
    choose(page, "method.name", "m-arwp")
    for key in ("lambda", "sigma", "eta", "beta"):
        expect(knob(page, f"method.{key}")).to_be_visible()
        expect(knob(page, f"method.{key}").locator("input[type=range]")).to_be_visible()
        expect(knob(page, f"method.{key}").locator("input[type=number]")).to_be_visible()
    expect(knob(page, "method.rho")).not_to_be_visible()
    fill(page, "method.sigma", "0.0123")
    open_fold(page, "Schedule")
    fill(page, "schedule.epochs", "500")
    expected = find("demo").experiment("method.name=m-arwp", "method.sigma=0.0123", "schedule.epochs=500")
    expect(page.locator("#rwp-command textarea")).to_have_value(command(expected, studio.runs, studio.data))
    page.locator("#rwp-start").click()
    until(page, lambda: bool(Run.all(studio.runs)))
    slow_motion(studio.newest)
    badge(page, "running")
    experiment = studio.newest.experiment
    assert (experiment.method.name, experiment.method.model_dump()["sigma"], experiment.schedule.epochs) == (
        "m-arwp",
        0.0123,
        500,
    )

    page.get_by_role("button", name="Pause").click()
    badge(page, "paused")
    paused = studio.newest.status().step
    assert step(page) == round_trip(studio.newest).step == paused
    page.get_by_role("button", name="Resume").click()
    badge(page, "running")
    page.locator("[data-more] summary").click()
    page.get_by_role("button", name="Measure landscape").click()
    see_surface(page)
    page.get_by_role("button", name="Stop").click()
    badge(page, "stopped")

    choose(page, "method.name", "sam")
    page.get_by_role("button", name="Copy shown run").click()
    expect(knob(page, "method.name").locator("input")).to_have_value("m-arwp")
    expect(knob(page, "method.sigma").locator("input[type=number]")).to_have_value("0.0123")
    expect(knob(page, "method.rho")).not_to_be_visible()


def test_faults_are_told_beside_the_form(page: Page, studio: Studio) -> None:
    choose(page, "data.name", "folder")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("data.path")
    fill(page, "data.path", "/nowhere/<b>at</b> all")
    expect(alert).to_contain_text("/nowhere/<b>at</b> all is not a folder")
    page.locator("#rwp-start").click()
    expect(page.locator("#rwp-start")).to_be_enabled()
    assert not studio.runs.exists() or not list(studio.runs.iterdir())
    expect(knob(page, "data.path").locator("textarea, input").first).to_have_value("/nowhere/<b>at</b> all")
    choose(page, "data.name", "digits")
    expect(alert).to_have_count(0)


def test_killing_the_studio_does_not_disturb_the_run(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    until(page, lambda: step(page) > 5)
    studio.end(signal.SIGKILL)
    expect(page.locator("[data-connection]")).to_be_visible()
    before = studio.newest.status().step
    until(page, lambda: studio.newest.status().step > before)
    studio.start()
    expect(page.locator("[data-connection]")).to_be_hidden()
    until(page, lambda: step(page) > before)
    steps = drawn(page)
    assert steps == sorted(set(steps))
    page.reload()
    badge(page, "running")
    page.get_by_role("button", name="Stop").click()
    badge(page, "stopped")


def test_a_run_whose_engine_died_is_interrupted_and_can_go_on(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    until(page, lambda: step(page) > 5)
    kill(studio.newest)
    badge(page, "interrupted")
    page.locator("[data-trouble]").get_by_role("button", name="Resume").click()
    badge(page, "running")
    drawn_to = step(page)
    until(page, lambda: step(page) > drawn_to)
    page.get_by_role("button", name="Stop").click()
    badge(page, "stopped")


def test_ctrl_c_ends_the_studio_although_a_page_is_open(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    studio.end(signal.SIGINT)
    assert studio.newest.status().state == "running"


def test_a_narrow_page_opens_without_the_form_and_fits(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 850})
    page.evaluate("sessionStorage.clear()")
    page.reload()
    page.wait_for_selector("html[data-drawer=closed]")
    expect(knob(page, "method.name")).not_to_be_visible()
    for is_open in (False, True):
        if is_open:
            show_form(page)
            expect(knob(page, "method.name")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert min(page.evaluate(BUTTON_HEIGHTS)) >= 40


def until_kept(page: Page, value: str) -> None:
    """Wait until the page has kept a form with `value` in it, which comes after the answer that it shows."""
    until(page, lambda: value in page.evaluate("sessionStorage.getItem('rwp-form') ?? ''"))


def test_the_form_is_kept_over_a_reload(page: Page, studio: Studio) -> None:
    open_fold(page, "Schedule")
    choose(page, "method.name", "m-arwp")
    fill(page, "method.sigma", "0.0123")
    fill(page, "schedule.epochs", "77")
    expect(page.locator("#rwp-command textarea")).to_have_value(re.compile(r"epochs=77"))
    until_kept(page, "77")
    page.reload()
    expect(knob(page, "method.name").locator("input")).to_have_value("m-arwp")
    expect(knob(page, "method.sigma").locator("input[type=number]")).to_have_value("0.0123")
    expect(knob(page, "method.eta")).to_be_visible()
    expect(page.locator("#rwp-command textarea")).to_have_value(re.compile(r"m-arwp.*sigma=0.0123.*epochs=77"))


def test_what_was_changed_after_a_link_filled_the_form_is_kept_too(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/?recipe=table2/cifar100/resnet18/sam")
    expect(knob(page, "method.name").locator("input")).to_have_value("sam")
    assert "recipe" not in page.url
    fill(page, "method.rho", "0.35")
    until_kept(page, "0.35")
    page.reload()
    expect(knob(page, "method.rho").locator("input[type=number]")).to_have_value("0.35")
    expect(knob(page, "data.name").locator("input")).to_have_value("cifar100")


def test_a_fraction_of_an_epoch_is_refused_by_name_and_nothing_pops_up_while_typing(page: Page) -> None:
    open_fold(page, "Schedule")
    fill(page, "schedule.epochs", "2.5")
    expect(page.get_by_role("alert").first).to_contain_text("schedule.epochs should be a whole number (got 2.5)")
    fill(page, "schedule.epochs", "2")
    knob(page, "method.sigma").locator("input[type=number]").click()
    page.keyboard.press("Control+A")
    with page.expect_response(re.compile("gradio_api")):
        page.keyboard.type("1")
    expect(page.locator("#rwp-problems")).to_contain_text("method.sigma")  # so that the answer has come
    expect(page.locator(".toast-body")).to_have_count(0)
    page.keyboard.type("e-3")
    expect(page.locator("#rwp-command textarea")).to_have_value(re.compile("sigma=0.001"))


LENGTHS = """() => ['loss', 'accuracy', 'cosine', 'radius', 'rate', 'sigma']
    .map((name) => document.querySelector(`[data-figure=${name}] .js-plotly-plot`)).filter(Boolean)
    .map(({ calcdata }) => Math.max(...calcdata.map((trace) => trace.length)))"""
"""How many points of its longest curve each chart has drawn that grows with every step, whatever it was handed."""


def test_every_chart_goes_on_as_long_as_the_run_does(page: Page, studio: Studio) -> None:
    page.set_viewport_size({"width": 1400, "height": 3000})
    start_long(page, studio)
    until(page, lambda: len(page.evaluate(LENGTHS)) == 6)
    for smoothing, axis in (("0.6", "step"), ("0", "seconds"), ("0", "evaluations")):
        page.locator("[data-smoothing]").fill(smoothing)
        page.locator("[data-axis]").select_option(axis)
        for _ in range(2):  # the first growth may come of the choice itself
            before = page.evaluate(LENGTHS)
            until(page, lambda before=before: all(map(gt, page.evaluate(LENGTHS), before)))  # type: ignore[misc]


BREAK_THE_FIRST = """() => {
    const [first] = document.querySelectorAll('.rwp-chart .js-plotly-plot');
    const { react } = Plotly;
    Plotly.react = (plot, ...rest) => {
        if (plot === first) throw new Error('on purpose');
        return react(plot, ...rest);
    };
}"""
SECOND = """() => {
    const [, second] = document.querySelectorAll('.rwp-chart .js-plotly-plot');
    return second ? second.data.reduce((sum, trace) => sum + trace.x.length, 0) : 0;
}"""


def test_a_chart_that_cannot_be_drawn_does_not_hold_up_those_after_it(browser: Browser, studio: Studio) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(error.message))
    page.goto(studio.url)
    page.wait_for_selector("[data-picker]")
    start_long(page, studio)
    until(page, lambda: page.evaluate(SECOND) > 0)
    page.evaluate(BREAK_THE_FIRST)
    until(page, lambda: len(faults) > 1)
    by_now = page.evaluate(SECOND)
    until(page, lambda: page.evaluate(SECOND) > by_now)
    assert set(faults) == {"on purpose"}
    context.close()
