"""Steering in a real browser: turn a knob while it trains, step, fork, rearrange the queue, and mend what failed."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.experiment.schema import Experiment, read
from engine.launch.queue import Queue
from engine.runs.checkpoints import checkpoints
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from tests.browser.actions import PLOT, badge, drag, drawn, look, show_form, start_long, step, until
from tests.browser.conftest import Studio
from tests.processes import round_trip

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = read({"schedule": {"epochs": 10_000}})
SIX = ["sgd", "sam", "rwp", "arwp", "m-rwp", "m-arwp"]
BOUNDED = """const end = performance.now() + 200_000;
    const frame = async () => {
        if (performance.now() > end) throw new Error('it did not happen in time');
        await new Promise(requestAnimationFrame);
    };"""
"""Waits for the next frame, but not for ever: nothing from outside ends a script that waits in the page."""
TURN = """async ([path, place]) => {
    BOUNDED
    const slider = document.querySelector(`[data-path="${path}"] input[type=range]`);
    const drawn = () => document.querySelector('[data-figure=sigma] .js-plotly-plot');
    const marks = () => JSON.stringify(drawn().layout.shapes) + JSON.stringify(drawn().layout.annotations.map(({text}) => text));
    const [before, curve] = [marks(), drawn().data[0].y.at(-1)];
    slider.value = place;
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    while (marks() === before || drawn().data[0].y.at(-1) === curve) {
        drawn().scrollIntoView({block: 'nearest'}); // what appears above it moves it out of sight, where it is not drawn
        await frame();
    }
}""".replace("BOUNDED", BOUNDED)
"""Turns a slider, and waits until the mark and a changed σ are drawn."""


RETYPE = """async ([path, refused, next]) => {
    BOUNDED
    const number = document.querySelector(`[data-path="${path}"] input[type=number]`);
    const refusal = document.querySelector(`[data-path="${path}"] [role=alert]`);
    const steps = () => document.querySelector('[data-tiles]').textContent;
    number.focus();
    number.value = refused;
    number.dispatchEvent(new Event('change', {bubbles: true}));
    while (refusal.hidden) await frame();
    number.value = next;
    for (let message = 0; message < 3; message += 1) {
        const before = steps();
        while (steps() === before) await frame();
    }
    return number.value;
}""".replace("BOUNDED", BOUNDED)
"""Types a value that is refused, and the next one as soon as that is told; gives what stands there three messages later."""


def live(page: Page, path: str) -> Locator:
    """The knob of a live field."""
    return page.locator(f'[data-path="{path}"]')


def layout(page: Page, figure: str = "loss") -> Any:
    """Left and right end of every mark of a chart, and what stands beside it."""
    return look(
        page,
        figure,
        "({layout}) => [layout?.shapes?.map(({x0, x1}) => [x0, x1]) ?? [], layout?.annotations?.map(({text}) => text) ?? []]",
    )


def written(runs: Path, status: Status, experiment: Experiment | None = None, changes: Any = ()) -> Run:
    """A run whose records were written by hand: a hundred steps, and changes at (step, path, old, new)."""
    run = Run.create(runs, experiment or Experiment())
    writer = Writer(run.path / "run.db")
    for at in range(1, 101):
        writer.metrics(at, at / 10, {"train/loss": 1 / at, "train/sigma": 0.015})
    for at, path, old, new in changes:
        writer.event(at, "changed", path=path, old=old, new=new, id=f"{at}")
    writer.flush(status)
    writer.close()
    return run


def show(page: Page, studio: Studio, run: Run) -> None:
    page.goto(f"{studio.url}/?run={run.id}")
    page.wait_for_selector("[data-picker]")
    show_form(page, False)


def test_a_turned_sigma_is_marked_and_answered(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    until(page, lambda: look(page, "sigma", "({data}) => data?.[0].x.length ?? 0") > 10)
    for place in (150, 100, 160, 110, 170):
        page.evaluate(TURN, ["method.sigma", place])

    sigma = live(page, "method.sigma").locator("input[type=number]").input_value()
    assert float(sigma) == studio.newest.present.model_dump()["method"]["sigma"] != 0.12
    assert layout(page, "sigma")[1][-1].endswith(f"→ {sigma}")
    page.locator("[data-events] summary").click()
    expect(page.locator("[data-event-list]")).to_contain_text(re.compile(rf"changed: method.sigma .* → {sigma}"))
    page.get_by_role("button", name=re.compile("Back to σ")).click()
    expect(live(page, "method.sigma").locator("input[type=number]")).not_to_have_value(sigma)


def test_what_cannot_be_is_refused_beside_the_field_and_the_run_goes_on(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    sigma = live(page, "method.sigma")
    sigma.locator("input[type=number]").fill("9")
    sigma.locator("input[type=number]").press("Enter")
    expect(sigma.get_by_role("alert")).to_contain_text("less than or equal to 0.2")
    sigma.locator("input[type=range]").focus()
    expect(sigma.locator("input[type=number]")).to_have_value("0.12")

    page.locator("[data-more] summary").click()
    until(page, lambda: step(page) > 25)
    for typed in ("2.5", ""):
        page.locator("[data-group-of=extend] input").fill(typed)
        page.get_by_role("button", name="Extend").click()
        expect(page.locator("[data-refusal]")).to_contain_text("more epochs: ")
    page.locator("[data-group-of=extend] input").fill("-8999")  # found out by the engine alone
    page.get_by_role("button", name="Extend").click()
    expect(page.locator("[data-refusal]")).to_contain_text("the training is already in epoch")
    before = step(page)
    until(page, lambda: step(page) > before)
    assert studio.newest.records.changes() == []


def test_two_tabs_agree(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    other = page.context.new_page()
    other.goto(f"{studio.url}/?run={studio.newest.id}")
    knob = live(other, "method.lambda")
    expect(knob.locator("input[type=number]")).to_have_value("0.5")
    page.bring_to_front()
    live(page, "method.lambda").locator("input[type=range]").press("End")
    expect(knob.locator("input[type=number]")).to_have_value("1")
    expect(knob.locator("input[type=range]")).to_have_value("100")


def test_a_step_is_one_update_and_slow_motion_is_slow(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    page.get_by_role("button", name="Pause").click()
    badge(page, "paused")
    for _ in range(3):
        before = studio.newest.status().step
        page.get_by_role("button", name="Step", exact=True).click()
        until(page, lambda before=before: step(page) > before)  # type: ignore[misc]
        assert step(page) == round_trip(studio.newest).step == before + 1
    page.locator("[data-more] summary").click()
    page.locator("[data-group-of=pace] input").fill("3")
    page.get_by_role("button", name="Slow motion").click()
    expect(page.get_by_role("button", name="Full speed")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    badge(page, "running")
    before, began = studio.newest.status().step, time.monotonic()
    until(page, lambda: step(page) >= before + 6)
    assert studio.newest.status().step - before <= 3 * (time.monotonic() - began + 1)  # no machine is too fast or too slow for it
    page.get_by_role("button", name="Full speed").click()
    expect(page.get_by_role("button", name="Full speed")).to_be_hidden()

    page.get_by_role("button", name="Checkpoint now").click()
    page.locator("[data-events] summary").click()
    expect(page.locator("[data-event-list]")).to_contain_text("command: asked checkpoint")
    page.get_by_role("button", name="Extend").click()
    expect(page.locator("[data-tiles]")).to_contain_text("/ 9,010")
    page.get_by_role("button", name="Stop and save").click()
    badge(page, "stopped")
    expect(page.get_by_role("button", name="Step", exact=True)).to_be_hidden()


CHANGES = [
    (10, "method.sigma", 0.015, 0.02),
    (50, "method.sigma", 0.02, 0.03),
    (51, "method.sigma", 0.03, 0.04),
    (90, "method.lambda", 0.5, 1),
]


def test_marks_stand_where_something_was_changed_whatever_the_axis(page: Page, studio: Studio) -> None:
    run = written(
        studio.runs, Status(state="finished", step=100, steps=100, epochs=10, gradient_evaluations=200), changes=CHANGES
    )
    show(page, studio, run)
    texts = ["σ 0.015 → 0.02", "σ 0.02 → 0.03 → 0.04", "λ 0.5 → 1"]
    until(page, lambda: layout(page) == [[[10, 10], [50, 51], [90, 90]], texts])
    for axis, factor in (("epoch", 0.1), ("seconds", 0.1), ("evaluations", 2)):
        page.locator("[data-axis]").select_option(axis)
        until(
            page,
            lambda factor=factor: layout(page)[0] == [[10 * factor, 10 * factor], [50 * factor, 51 * factor], [90 * factor] * 2],
        )  # type: ignore[misc]
    page.locator("[data-axis]").select_option("step")
    page.reload()
    until(page, lambda: layout(page)[1] == texts)
    drag(page, f"{PLOT['loss']} .nsewdrag", (0.45, 0.3), (0.55, 0.8))
    until(page, lambda: layout(page)[1] == [texts[0], "σ 0.02 → 0.03", "σ 0.03 → 0.04", texts[2]])
    expect(live(page, "method.sigma").locator("input[type=number]")).to_have_value("0.04")
    expect(live(page, "method.sigma").locator("input[type=range]")).to_be_disabled()
    expect(page.locator("[data-live-hint]")).to_contain_text("This training is over")


def test_what_is_typed_stays_when_the_value_before_is_refused(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    expect(live(page, "schedule.batch_size").locator("input[type=number]")).to_be_enabled()
    assert page.evaluate(RETYPE, ["schedule.batch_size", "1438", "77"]) == "77"


def test_the_batch_size_is_changed_and_epochs_are_counted_with_it(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    size = live(page, "schedule.batch_size").locator("input[type=number]")
    size.fill("1438")
    size.press("Enter")
    expect(live(page, "schedule.batch_size").get_by_role("alert")).to_contain_text("Choose at most 1437")
    size.fill("1437")
    size.press("Enter")
    until(page, lambda: "batch size 64 → 1437" in layout(page)[1])
    changed = studio.newest.records.changes()[0].step
    until(page, lambda: step(page) > changed + 3)  # each of which is evaluated and saved
    page.get_by_role("button", name="Pause").click()
    badge(page, "paused")
    page.locator("[data-axis]").select_option("epoch")
    begun = -(-changed // 22)  # too few images are left in the epoch of the change, and then a step is an epoch
    until(page, lambda: drawn(page)[-1] == pytest.approx(begun + studio.newest.status().step - changed))


def test_a_run_is_forked_into_all_six(page: Page, studio: Studio) -> None:
    short = {"schedule": {"epochs": 2}, "model": {"name": "mlp"}, "landscape": {"at_end": False}}
    run = Run.create(studio.runs, read(short))
    Queue(studio.runs).add(run)
    show(page, studio, run)
    badge(page, "finished")
    Queue(studio.runs).add(Run.create(studio.runs, LONG))  # for which the forks wait
    page.locator("[data-checkpoints] summary").click()
    expect(page.locator("[data-checkpoint-rows] tr")).to_have_count(2)
    expect(page.locator("[data-checkpoints-summary]")).to_contain_text(re.compile(r"2 · .* of the disk"))
    expect(page.get_by_role("radio", name="22")).to_be_disabled()  # the end, from where nothing is left to train
    expect(page.get_by_role("radio", name="11")).to_be_checked()
    page.get_by_role("button", name="Pin step 11").click()
    expect(page.locator("[data-checkpoint-rows] tr").last).to_contain_text("pinned")
    page.get_by_role("button", name="All six of the paper").click()
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Fork step 11 into 6 runs").click()
    expect(page.locator("[data-fork-note]")).to_contain_text("6 runs that start from step 11")
    expect(opened.value.locator("[data-total]")).to_have_text("8 runs in 8 groups · 7 ticked")
    opened.value.close()

    forks = [one for one in Run.all(studio.runs) if one.experiment.parent]
    assert sorted(one.experiment.method.name for one in forks) == sorted(SIX)
    assert {one.experiment.parent.step for one in forks if one.experiment.parent} == {11}
    contents = {checkpoints(one.path / "checkpoints")[0].content() for one in (run, *forks)}
    assert len(contents) == 1
    last = next(one for one in forks if one.experiment.method.name == "m-arwp")
    expect(page.locator(f'[data-queue-list] [data-run="{last.id}"]')).to_be_visible()
    page.locator("[data-fork-note] a", has_text=last.id).click()
    expect(page.locator("[data-picker]")).to_have_value(last.id)
    badge(page, "queued")


def test_the_queue_is_rearranged_from_the_page(page: Page, studio: Studio) -> None:
    start_long(page, studio)
    runs = [Run.create(studio.runs, LONG.model_copy(update={"seed": seed})) for seed in (1, 2, 3)]
    lane = Queue(studio.runs)
    lane.add(*runs)
    first, second, third = (run.id for run in runs)
    page.locator("[data-queue] summary").click()
    expect(page.locator("[data-queue-list] li")).to_have_count(4)

    def press(run: str, button: str, expected: list[str]) -> None:
        page.locator(f'[data-run="{run}"]').get_by_role("button", name=button).click()
        shows(expected)

    def shows(expected: list[str]) -> None:
        """Wait until the folder has this order, and the page tells it."""
        waiting = page.locator("[data-queue-list] li:has(button)")
        until(page, lambda: [run.id for run in lane.waiting()] == expected)
        until(page, lambda: bool(waiting.evaluate_all("lines => lines.map(({dataset}) => dataset.run)") == expected))

    press(third, "Earlier", [first, third, second])
    press(first, "Later", [third, first, second])
    press(third, "Take it out", [first, second])
    page.get_by_role("button", name="Undo").click()
    shows([third, first, second])
    press(second, "Start it now", [third, first])
    until(page, lambda: runs[1].status().state == "running")
    expect(page.locator("[data-queue-summary]")).to_have_text("2 running · 2 queued")


def test_a_diverged_run_goes_on_with_half_the_learning_rate(page: Page, studio: Studio) -> None:
    told = {"field": "optimizer.lr", "message": "the training <b>diverged</b>. Lower the learning rate"}
    short = read({"schedule": {"epochs": 1}, "landscape": {"at_end": False}})
    run = written(studio.runs, Status(state="diverged", step=100, steps=100, remedy={"optimizer.lr": 0.05}, **told), short)
    show(page, studio, run)
    trouble = page.locator("[data-trouble]")
    expect(trouble).to_contain_text("optimizer.lr the training <b>diverged</b>. Lower the learning rate")
    page.locator("[data-queue] summary").click()
    expect(page.locator(f'[data-run="{run.id}"]')).to_contain_text("diverged at step 100 of 100")
    trouble.get_by_role("button", name="Resume with half the learning rate (0.05)").click()
    badge(page, "finished")
    expect(trouble).to_be_hidden()
    assert [change[1:] for change in run.records.changes()] == [("optimizer.lr", 0.05)]


def test_a_full_disk_is_told_as_long_as_it_lasts(page: Page, studio: Studio) -> None:
    waits = "Waiting: the disk is full. Make room; the training then goes on by itself"
    run = written(studio.runs, Status(state="paused", field="disk", message=waits, step=100, steps=200))
    writer = Writer(run.path / "run.db")
    with run.lock():
        show(page, studio, run)
        expect(page.locator("[data-trouble]")).to_contain_text(waits)
        writer.flush(Status(state="running", step=100, steps=200))
        expect(page.locator("[data-trouble]")).to_be_hidden()
        expect(live(page, "method.sigma").locator("input[type=range]")).to_be_enabled()
    writer.close()
    expect(page.locator("[data-trouble]")).to_contain_text("The training was interrupted")


def test_an_engine_that_does_not_answer_is_told_until_it_does(
    page: Page, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as long_ago:
        long_ago.setattr(time, "time", lambda: 1_000_000.0)
        run = written(studio.runs, Status(state="measuring", pid=31337, step=100, steps=200))
    writer = Writer(run.path / "run.db")
    with run.lock():
        show(page, studio, run)
        trouble = page.locator("[data-trouble]")
        expect(trouble).to_contain_text("The engine does not answer")
        expect(trouble).to_contain_text(re.compile(r"has not answered since \d\d:\d\d:\d\d.*kill -9 31337"))
        badge(page, "measuring")
        writer.flush(Status(state="running", pid=31337, step=100, steps=200))
        expect(trouble).to_be_hidden()
    writer.close()


def test_everything_open_fits_a_narrow_page(page: Page, studio: Studio) -> None:
    run = written(studio.runs, Status(state="stopped", step=100, steps=200, message="x" * 200), changes=CHANGES)
    Queue(studio.runs).add(Run.create(studio.runs, LONG))
    page.set_viewport_size({"width": 400, "height": 850})
    show(page, studio, run)
    badge(page, "stopped")
    expect(page.locator("[data-live]")).not_to_have_attribute("open", "")
    page.evaluate("document.querySelectorAll('.rwp details').forEach(fold => { fold.open = true })")
    expect(page.locator("[data-live-more]")).to_be_visible()
    expect(page.locator("[data-queue-list] li").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    buttons = "[...document.querySelectorAll('.rwp button')].filter((one) => one.checkVisibility())"
    heights = page.evaluate(f"{buttons}.map((one) => one.getBoundingClientRect().height)")  # at one moment: rows come and go
    assert len(heights) > 5
    assert min(heights) >= 40


def test_a_slider_reaches_every_value_and_its_ends(page: Page) -> None:
    """For σ (logarithmic, 0 at the left end), λ (even) and a learning rate that is never 0."""
    found = page.evaluate(
        """async () => {
            const { scaleOf } = await import('/ui/lib/scale.js');
            const rows = [{min: 0, max: 0.2, log_from: 0.001}, {min: 0, max: 1, step: 0.01}, {min: 0, max: 10, log_from: 0.0001}];
            return rows.map(scaleOf).map(({places, value, place}) => {
                const values = Array.from({length: places + 1}, (_, at) => value(at));
                return {values, back: values.map(place), off: [place(0.05), value(place(0.05))]};
            });
        }"""
    )
    for scale, top in zip(found, (0.2, 1, 10), strict=True):
        assert scale["values"] == sorted(set(scale["values"]))
        assert (scale["values"][0], scale["values"][-1]) == (0, top)
        assert scale["back"] == list(range(len(scale["values"])))
        assert scale["off"][1] == pytest.approx(0.05, rel=0.06)
    assert found[0]["values"][1] == 0.001
    assert found[1]["values"][29] == 0.29
