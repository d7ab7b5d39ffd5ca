"""The stage in a real browser: knobs, curves and landscape on one screen, and all of it answers when σ is turned."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from engine.experiment.schema import read
from engine.launch.queue import Queue
from engine.runs.arrays import save_arrays
from engine.runs.reader import Event
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from tests.browser.actions import badge, drag, knob, look, show_form, slow_motion, start_long, until
from tests.browser.conftest import Studio
from tests.engine.runs.test_lineage import trained

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ON_STAGE = {
    "σ": "[data-live-main] [data-path='method.sigma']",
    "numbers": "[data-tiles]",
    "loss": "[data-figure=loss]",
    "accuracy": "[data-figure=accuracy]",
    "contours": "[data-contour]",
    "surface": "[data-surface]",
}
GAUGED = {"every": 1, "images": 16, "draws": 2}
RANGE = """[...document.querySelectorAll('[data-contour], [data-surface]')]
    .map(({data: [one]}) => [one.zmin ?? one.cmin, one.zmax ?? one.cmax])"""
MARKS = "({layout}) => (layout?.annotations ?? []).map(({text}) => text)"


def live_run(page: Page, studio: Studio) -> Run:
    """The demonstration in slow motion, gauged after every epoch, and shown with its knobs."""
    config = {"model": {"name": "mlp"}, "method": {"sigma": 0.1}, "schedule": {"epochs": 9000}, "flatness": GAUGED}
    run = Run.create(studio.runs, read({**config, "data": {"train_size": 128}, "landscape": {"budget": 0.5, "images": 16}}))
    queue = Queue(studio.runs)
    queue.add(run)
    queue.advance(studio.data)
    slow_motion(run, 20)
    page.goto(f"{studio.url}/?run={run.id}")
    badge(page, "running")
    show_form(page, False)
    return run


def frames(run: Run) -> list[Event]:
    return list(run.records.events(kind="frame"))


def tile(page: Page, title: str) -> Locator:
    return page.locator("[data-tiles] div", has_text=title).locator("dd")


def outside(page: Page) -> list[str]:
    """What of the stage is not wholly in sight."""
    size: dict[str, int] = page.viewport_size  # type: ignore[assignment]
    found = []
    for name, selector in ON_STAGE.items():
        box = page.locator(selector).first.bounding_box()
        if (
            not box
            or box["x"] < 0
            or box["y"] < 0
            or box["x"] + box["width"] > size["width"]
            or box["y"] + box["height"] > size["height"]
        ):
            found.append(f"{name} {box}")
    return found


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{selector} is not reached by Tab")


def test_sigma_is_turned_by_keyboard_alone(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/?form=%7B%22schedule.epochs%22%3A9000%7D")
    expect(page.locator("#rwp-command textarea")).to_have_value(re.compile("schedule.epochs=9000"))
    page.evaluate("document.activeElement.blur()")
    tab_to(page, "#rwp-start")
    page.keyboard.press("Enter")
    until(page, lambda: bool(Run.all(studio.runs)))
    slow_motion(studio.newest)
    badge(page, "running")
    tab_to(page, "[data-path='method.sigma'] input[type=range]")
    page.keyboard.press("ArrowRight")
    until(page, lambda: [event.data["path"] for event in studio.newest.records.events(kind="changed")] == ["method.sigma"])
    until(page, lambda: any(text.startswith("σ 0.12 →") for text in look(page, "loss", MARKS)))


def test_sigma_is_turned_and_everything_answers_on_one_screen(page: Page, studio: Studio) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    run = live_run(page, studio)
    page.wait_for_selector("[data-surface] canvas")
    page.wait_for_selector("[data-figure=loss] .js-plotly-plot")
    assert outside(page) == []
    expect(tile(page, "Rise, fixed noise")).to_be_visible()
    gauge = tile(page, "Rise, fixed noise").inner_text()

    slider = page.locator(f"{ON_STAGE['σ']} input[type=range]")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    until(page, lambda: any(text.startswith("σ 0.1 →") for text in look(page, "loss", MARKS)))
    changed = max(event.step for event in run.records.events(kind="changed"))
    until(page, lambda: any(event.step > changed for event in frames(run)))
    newest = max(event.step for event in frames(run))
    until(page, lambda: int(re.sub(r"\D", "", page.locator("[data-film-step]").inner_text())) >= newest)
    until(page, lambda: tile(page, "Rise, fixed noise").inner_text() != gauge)
    assert outside(page) == []


def visible_sigmas(page: Page) -> int:
    names = "[...document.querySelectorAll('input[type=range]')].filter((one) => one.checkVisibility())"
    labelled = "(one.ariaLabel ?? one.closest('.block, label')?.textContent ?? '').includes('sigma')"
    found: int = page.evaluate(f"{names}.filter((one) => {labelled}).length")
    return found


def test_there_is_one_sigma_in_view_and_start_leads_from_one_to_the_other(page: Page, studio: Studio) -> None:
    expect(knob(page, "method.sigma")).to_be_visible()
    assert visible_sigmas(page) == 1
    start_long(page, studio)
    expect(knob(page, "method.sigma")).not_to_be_visible()
    expect(page.locator(f"{ON_STAGE['σ']} input[type=range]")).to_be_visible()
    assert visible_sigmas(page) == 1
    for is_shown in (False, True):
        show_form(page, is_shown)
        page.reload()
        page.wait_for_selector("html[data-drawer]")
        badge(page, "running")
        assert knob(page, "method.sigma").is_visible() == is_shown
        until(page, lambda: visible_sigmas(page) == 1)


def test_a_recipe_in_the_address_opens_the_form(page: Page, studio: Studio) -> None:
    show_form(page, False)
    page.goto(f"{studio.url}/?recipe=demo")
    expect(knob(page, "method.sigma")).to_be_visible()


def filmed(studio: Studio, **config: Any) -> Run:
    """A run with three frames, of which the first is steepest, and a landscape at its end."""
    run = Run.create(studio.runs, read({"model": {"name": "mlp"}, **config}))
    writer = Writer(run.path / "run.db")
    axis = np.linspace(-1, 1, 7)
    (run.path / "arrays").mkdir(exist_ok=True)
    for kind, step, steep in (("frame", 0, 8.0), ("frame", 10, 4.0), ("frame", 20, 2.0), ("landscape", 30, 1.0)):
        loss = 0.1 + steep * (axis[:, None] ** 2 + axis**2)
        array, ends = f"{kind}-{step:08d}", {"lowest": loss.min(), "highest": loss.max()}
        plane = {"plane": axis, "decision": np.full((7, 7), step / 30)} if config.get("data") else {}
        save_arrays(run.path / "arrays" / f"{array}.npz", {"x": axis, "y": axis, "loss": loss, "accuracy": loss, **plane})
        writer.event(step, kind, array=array, points=7, done=True, **ends)
    for step in range(1, 31):
        writer.metrics(step, float(step), {"train/loss": 1 / step, "test/accuracy": 0.5})
    if config.get("data"):
        kept = {"x": np.array([-1.0, 0.5, 2.0]), "y": np.array([0.0, 1.0, 2.0]), "label": np.array([0.0, 1.0, 1.0])}
        save_arrays(run.path / "arrays" / "points-00000000.npz", kept)
        writer.event(0, "points", array="points-00000000", done=True)
    writer.flush(Status(state="finished", step=30, steps=30, epochs=3))
    writer.close()
    return run


def test_a_film_is_wound_back_and_played_on_one_scale(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/?run={filmed(studio).id}")
    caption, slider = page.locator("[data-landscape-caption]"), page.locator("[data-film-at]")
    expect(caption).to_contain_text("step 30: 7 × 7 points")
    page.wait_for_selector("[data-surface] canvas")
    scale = page.evaluate(RANGE)
    assert scale[0] == scale[1] == pytest.approx([np.log10(0.1), np.log10(16.1)])
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(caption).to_contain_text("step 20: 7 × 7 points")
    page.keyboard.press("Home")
    expect(caption).to_contain_text("step 0: 7 × 7 points")
    expect(slider).to_have_attribute("aria-valuetext", "step 0")
    highest = "document.querySelector('[data-surface]').data[0].z[0][0]"
    until(page, lambda: page.evaluate(highest) == pytest.approx(np.log10(16.1)))
    assert page.evaluate(RANGE) == scale
    page.locator("[data-film-play]").click()
    expect(caption).to_contain_text("step 30: 7 × 7 points")
    expect(page.locator("[data-film-play]")).to_have_text("Play")
    until(page, lambda: page.evaluate(highest) == pytest.approx(np.log10(2.1)))


def test_the_decision_boundary_takes_the_place_of_the_contours(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/?run={filmed(studio, data={'name': 'moons'}).id}")
    drawn = "document.querySelector('[data-contour]')?.data?.map(({type, x}) => [type, x.length])"
    until(page, lambda: page.evaluate(drawn) == [["contour", 7], ["scatter", 1], ["scatter", 2]])
    answers = "document.querySelector('[data-contour]').data[0].z[0][0]"
    assert page.evaluate(answers) == 1
    page.locator("[data-film-at]").fill("1")
    until(page, lambda: page.evaluate(answers) == pytest.approx(1 / 3))


@pytest.mark.parametrize("size", [(1400, 900), (1920, 1080), (960, 540)], ids=str)
def test_a_room_sees_only_the_stage(page: Page, studio: Studio, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{studio.url}/?run={filmed(studio).id}")
    show_form(page, False)
    page.wait_for_selector("[data-surface] canvas")
    button, title = page.locator("[data-present]"), page.locator("#rwp-title")
    page.locator("[data-picker]").focus()
    page.keyboard.press("p")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.focus()
    page.keyboard.press("p")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(title).to_be_hidden()
    expect(page.locator("[data-events]")).to_be_hidden()
    size_of_sigma = page.locator(f"{ON_STAGE['σ']} input[type=number]").evaluate(
        "one => parseFloat(getComputedStyle(one).fontSize)"
    )
    assert size_of_sigma >= 44
    if size[1] >= 900:
        until(page, lambda: outside(page) == [])
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(title).to_be_visible()


def test_a_chart_explains_itself_and_is_told_in_words(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/?run={filmed(studio).id}")
    loss = page.locator("[data-figure=loss]")
    expect(loss.locator("p.rwp-unseen")).to_have_text("Loss: mini-batch at w 0.03333 at step 30")
    mark = loss.get_by_label("What is Loss?")
    mark.focus()
    page.keyboard.press("Enter")
    expect(loss.locator("details p")).to_contain_text("cross-entropy")
    page.keyboard.press("Escape")
    expect(loss.locator("details p")).to_be_hidden()


def test_arrays_of_probes_have_charts(page: Page, studio: Studio) -> None:
    run = filmed(studio)
    draws = np.array([[1.0, 2.0], [1.0, 4.0]])
    radius = {"radius": np.array([0.1, 1.0]), "ascent": np.array([2.0, 9.0]), "loss": np.array(1.0), "filter": draws}
    places = {
        "places": np.array([0.0, 1.0]),
        "density": np.array([0.5, 0.0]),
        "top": np.array([1.0]),
        "top_residual": np.array([0.1]),
    }
    for kind, arrays in (("radius", radius), ("density", places)):
        add(run.path, kind, arrays)
    page.goto(f"{studio.url}/?run={run.id}")
    chart = page.locator("[data-figure=radius-array]")
    chart.scroll_into_view_if_needed()
    expect(chart.locator("figcaption > span")).to_have_text("Loss against the radius, step 30")
    curves = "({data}) => data?.map(({name, y}) => [name ?? '', y])"
    until(page, lambda: bool(look(page, "radius-array", curves)))
    assert look(page, "radius-array", curves)[1:] == [["filter", [1, 3]], ["ascent", [2, 9]], ["at w", [1, 1]]]
    until(page, lambda: bool(look(page, "density-array", curves)))
    assert look(page, "density-array", curves)[0] == ["density", [0.5, 1e-6]]


def test_the_first_batch_and_the_perturbation_are_shown(page: Page, studio: Studio) -> None:
    run = filmed(studio)
    pictures = {"pictures": np.array([[0.0, 255.0, 255.0, 0.0]] * 2), "shape": np.array([1.0, 2.0, 2.0])}
    add(run.path, "batch", {**pictures, "label": np.array([3.0, 1.0])})
    edges = np.linspace(-8, 1, 4)
    sizes = {"weights": np.array([2.0, 1.0]), "epsilon": np.array([0.2, 0.5]), "edges": edges, "histogram": np.eye(2, 3)}
    said = {"layers": ["first.weight", "<b>last</b>"], "of": "the noise of arwp"}
    for at, damping in ((10, [0.5, 1.0]), (30, [0.25, 0.75])):
        add(run.path, "perturbation", sizes, at, **said, damping=damping)
    page.goto(f"{studio.url}/?run={run.id}")
    expect(page.locator("[data-figure=batch-array] li")).to_have_text(["3", "1"])
    until(page, lambda: look(page, "perturbation-array", "({data}) => data?.slice(1).map(({x}) => x)") == [[0.2, 0.5], [2, 1]])
    names = look(page, "perturbation-array", "({data}) => data.map(({y}) => y)")
    assert names == [["first.weight", "blast/b"]] * 3
    expected = [["10", "30"], [[0.5, 0.25], [1, 0.75]]]
    until(page, lambda: look(page, "damping-array", "({data}) => data && [data[0].x, data[0].z]") == expected)


def add(path: Path, kind: str, arrays: dict[str, Any], step: int = 30, **said: Any) -> None:
    save_arrays(path / "arrays" / f"{kind}-{step:08d}.npz", arrays)
    writer = Writer(path / "run.db")
    writer.event(step, kind, array=f"{kind}-{step:08d}", done=True, **said)
    writer.flush(Status(state="finished", step=30, steps=30, epochs=3))
    writer.close()


def test_a_digit_is_drawn_and_read(page: Page, studio: Studio) -> None:
    run = trained(studio.runs)
    page.goto(f"{studio.url}/?run={run.id}")
    page.locator("[data-drawing] summary").click()
    canvas, said = page.locator("[data-drawing-canvas]"), page.locator("[data-drawing-said]")
    canvas.focus()
    page.keyboard.press(" ")
    for _ in range(8):
        page.keyboard.press("ArrowDown")
    expect(said).to_contain_text(re.compile(r"Read as \d, \d+ % sure, with the weights of step 16\."))
    expect(page.locator("[data-drawing-bars] li")).to_have_count(10)
    pixels = "one => [...one.getContext('2d').getImageData(0, 0, 8, 8).data].filter((_, at) => at % 4 === 0)"

    def seen() -> Any:
        return np.array(page.locator("[data-drawing-seen] canvas").evaluate(pixels)).reshape(8, 8) > 0

    until(page, lambda: seen().any(0).tolist() == [False] * 3 + [True] * 2 + [False] * 3)  # the whole stroke, and nothing else
    assert seen()[:, 3:5].all(), "from the top to the foot"
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("[data-drawing-bars] li")).to_have_count(0)
    drag(page, "[data-drawing-canvas]", (0.3, 0.3), (0.7, 0.6))
    expect(page.locator("[data-drawing-bars] li")).to_have_count(10)


def test_a_single_step_is_taken_apart(page: Page, studio: Studio) -> None:
    run = start_long(page, studio)
    run.commands.send("pause")
    badge(page, "paused")
    page.get_by_role("button", name="Step", exact=True).click()
    anatomy = page.locator("[data-anatomy]")
    expect(anatomy).to_be_visible()
    expect(anatomy.locator("li")).to_have_count(6)
    expect(anatomy.locator("li").first).to_have_text(re.compile(r"‖ε‖ = [\d.]+"))
    assert anatomy.locator("line").count() == 5
    words = anatomy.inner_text()
    page.get_by_role("button", name="Step", exact=True).click()
    until(page, lambda: anatomy.inner_text() != words)
    run.commands.send("pace", per_second=None)
    run.commands.send("resume")
    expect(anatomy).to_be_hidden()


def test_predictions_are_a_matrix_and_pictures(page: Page, studio: Studio) -> None:
    run = filmed(studio)
    said = {
        "truth": np.array([3.0, 1.0]),
        "answer": np.array([5.0, 1.0]),
        "certainty": np.array([0.9, 1.0]),
        "loss": np.array([4.0, 0.0]),
    }
    pictures = {"pictures": np.array([[0.0, 255.0, 255.0, 0.0]] * 2), "shape": np.array([1.0, 2.0, 2.0])}
    add(run.path, "predictions", {"confusion": np.array([[3.0, 1.0], [0.0, 0.0]]), **said, **pictures})
    page.goto(f"{studio.url}/?run={run.id}")
    chart = page.locator("[data-figure=predictions-array]")
    chart.scroll_into_view_if_needed()
    expect(chart.locator("li")).to_have_text(["3 read as 5, 90 % sure", "1 read as 1, 100 % sure"])
    expect(chart.locator("li.rwp-mistaken")).to_have_count(1)
    until(page, lambda: look(page, "predictions-array", "({data}) => data?.[0].z") == [[75, 25], [0, 0]])
    corner = "one => [...one.getContext('2d').getImageData(1, 0, 1, 1).data]"
    assert chart.locator("canvas").first.evaluate(corner) == [255, 255, 255, 255]
