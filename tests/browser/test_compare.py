"""Compare: groups are found, ticked, ranked and drawn, and the address tells all of it."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.launch.queue import Queue
from engine.runs.arrays import save_arrays
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from tests.browser.actions import until
from tests.browser.conftest import Studio
from tests.processes import SHORT, is_finished, wait

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LINES = """() => (document.querySelector('[data-figure=test-accuracy] .js-plotly-plot')?.data ?? [])
    .map((trace) => [trace.name ?? '', trace.x.at(-1), trace.line?.color ?? ''])"""


def finished(runs: Path, method: dict[str, object], seed: int, level: float, evaluations: int = 1) -> Run:
    run = Run.create(runs, read({"seed": seed, "method": method}))
    writer = Writer(run.path / "run.db")
    for step in (1, 2, 3):
        writer.metrics(step, step, {"test/accuracy": level + step / 100 + seed / 1000, "test/loss": 1 / step})
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


def test_columns_are_chosen_and_rows_grouped_by_any_field(page: Page, studio: Studio, raced: None) -> None:
    page.goto(f"{studio.url}/compare")
    heads = page.locator("[data-head] th button")
    expect(heads.get_by_text("σ", exact=True)).to_be_visible()
    page.locator(".rwp-column-choice summary").click()
    page.locator("[data-column-choice] label", has_text="σ").locator("input").uncheck()
    page.locator("[data-column-choice] label", has_text="Best").locator("input").uncheck()
    expect(heads).to_have_text(["Method", "Seeds", "State", "Last accuracy", "Gradients", "Time", "Forked from"])
    page.reload()
    expect(heads).to_have_count(7)
    page.locator(".rwp-column-choice summary").click()
    page.get_by_role("button", name="The usual ones").click()
    expect(heads.get_by_text("Best accuracy")).to_be_visible()
    page.locator(".rwp-column-choice summary").click()
    page.locator("[data-by]").select_option("method.name")
    expect(page.locator("[data-total]")).to_have_text("24 runs in 2 groups · 0 ticked")
    expect(page.locator("[data-rows]")).to_contain_text("method m-rwp, 16 runs")
    expect(page.locator("[data-rows]")).to_contain_text("various")
    page.locator("[data-rows] tr", has_text="m-rwp").locator("input").check()
    expect(page.locator("[data-total]")).to_contain_text("16 ticked")
    page.reload()
    expect(page.locator("[data-by]")).to_have_value("method.name")
    expect(page.locator("[data-total]")).to_have_text("24 runs in 2 groups · 16 ticked")


def test_what_differs_what_was_changed_and_landscapes_are_side_by_side(page: Page, studio: Studio) -> None:
    flat, steep = (finished(studio.runs, {"name": "rwp", "sigma": sigma}, 0, 0.5) for sigma in (0.1, 0.2))
    for run, loss in ((flat, 1.0), (steep, 100.0)):
        offsets = np.linspace(-1, 1, 5)
        grid = 0.1 + loss * np.add.outer(offsets**2, offsets**2)
        save_arrays(run.path / "arrays" / "landscape-00000003.npz", {"x": offsets, "y": offsets, "loss": grid, "accuracy": grid})
        writer = Writer(run.path / "run.db")
        writer.event(3, "landscape", array="landscape-00000003", points=5, done=True)
        if run is flat:
            writer.event(1, "changed", path="method.sigma", old=0.1, new=0.05)
        writer.metrics(3, 3, {"train/loss": 1.0})
        writer.flush(run.records.status())
        writer.close()
    page.goto(f"{studio.url}/compare?runs={flat.id},{steep.id}&smooth=0.9")
    table = page.locator("[data-differences]")
    expect(table.locator("tr", has_text="σ").first).to_contain_text("0.05")
    expect(table).to_contain_text("step 1: σ → 0.05")
    plots = page.locator("[data-landscape-plots] .js-plotly-plot")
    expect(plots).to_have_count(2)
    scales = plots.evaluate_all("plots => plots.map(({ data }) => [data[0].zmin, data[0].zmax])")
    assert scales[0] == scales[1] == pytest.approx([-1, np.log10(200.1)])
    accuracy = "document.querySelector('[data-figure=test-accuracy] .js-plotly-plot')"
    assert page.evaluate(f"{accuracy}.data.some(({{ text }}) => text?.[0] === 'σ → 0.05 at step 1')")
    assert page.evaluate(
        "document.querySelector('[data-figure=train-loss] .js-plotly-plot').data.some(({ uid }) => uid.startsWith('raw-'))"
    )
    page.locator("[data-axis]").select_option("samples")
    until(page, lambda: {line[1] for line in page.evaluate(LINES) if line[0]} == {3 * 128})

    page.locator("[data-figure=test-accuracy]").scroll_into_view_if_needed()
    box = page.locator("[data-figure=test-accuracy] .nsewdrag").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 20)
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 30)
    loss = page.locator("[data-figure=test-loss] .hoverlayer")
    expect(loss.locator("g").first).to_be_attached()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 200)
    expect(loss.locator("g")).to_have_count(0)


def read_method(studio: Studio, name: str) -> tuple[float, float]:
    method = Run.open(studio.runs, name).experiment.method.model_dump()
    return method["sigma"], method["lambda"]


def test_what_was_searched_is_a_heat_map_a_slice_and_lines_that_can_be_picked(page: Page, studio: Studio) -> None:
    found = {
        (sigma, lambda_): 0.9 - 10 * (sigma - 0.1) ** 2 - lambda_ / 10 for sigma in (0.0, 0.1, 0.2) for lambda_ in (0.5, 1.0)
    }
    for (sigma, lambda_), level in found.items():
        finished(studio.runs, {"name": "m-rwp", "sigma": sigma, "lambda": lambda_}, 0, level - 0.03)
    page.goto(f"{studio.url}/compare")
    expect(page.locator("[data-total]")).to_contain_text("6 runs")
    page.get_by_role("button", name="Tick all shown").click()
    heat = "document.querySelector('[data-figure=heat-map] .js-plotly-plot')"
    until(page, lambda: page.evaluate(f"Boolean({heat}?.data?.length)"))
    x, y, z = page.evaluate(f"(({{ x, y, z }}) => [x, y, z])({heat}.data[0])")
    assert (x, y) == (["0", "0.1", "0.2"], ["0.5", "1"])
    assert z == [[pytest.approx(100 * found[float(a), float(b)]) for a in x] for b in y]
    page.locator("[data-search-x]").select_option("method.lambda")
    until(page, lambda: page.evaluate(f"{heat}.data[0].x") == ["0.5", "1"])
    slice_ = page.evaluate("document.querySelector('[data-figure=slice] .js-plotly-plot').data[0].x")
    assert sorted(slice_) == [0.5] * 3 + [1.0] * 3
    page.reload()
    expect(page.locator("[data-search-x]")).to_have_value("method.lambda")
    lines, out = page.locator("[data-parallel] polyline"), page.locator("[data-parallel] .rwp-parallel-out")
    expect(lines).to_have_count(6)
    expect(out).to_have_count(0)
    grip = page.locator("[data-parallel] .rwp-parallel-grip").last
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 1)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] / 2)
    page.mouse.up()
    best = sum(level >= (max(found.values()) + min(found.values())) / 2 for level in found.values())
    expect(out).to_have_count(6 - best)
    page.mouse.click(middle, box["y"] + 5)
    expect(out).to_have_count(0)
    expect(page.locator("[data-importance-rows] li").first).to_have_text(re.compile(r"^σ\d\d %$"))
    expect(page.locator("[data-best]")).to_contain_text("Best: m-rwp σ 0.1 λ 0.5, 85.00 %")
    run = page.locator("[data-best] a").get_attribute("href")
    assert run
    assert read_method(studio, run.partition("clone=")[2]) == (0.1, 0.5)
    grip.focus()
    for _ in range(2):
        page.keyboard.press("PageUp")
    expect(out).to_have_count(6 - best)
    expect(grip).to_have_attribute("aria-valuetext", "from 50 % to 100 % of the axis")
    page.keyboard.press("Escape")
    expect(out).to_have_count(0)


def test_two_thousand_runs_are_one_screen_and_real_ones_are_found_among_them(page: Page, studio: Studio) -> None:
    record = (finished(studio.runs, {"name": "sam"}, 0, 0.5).path / "run.db").read_bytes()
    for number in range(1, 2000):
        method = {"name": ("sam", "rwp", "m-rwp")[number % 3]}
        made = Run.create(studio.runs, read({"seed": number // 300, "method": method, "schedule": {"epochs": 1 + number % 100}}))
        (made.path / "run.db").write_bytes(record)
    real = [Run.create(studio.runs, read(merge(SHORT, {"seed": seed, "method": {"name": "sgd"}}))) for seed in range(2)]
    Queue(studio.runs).add(*real)
    for run in real:
        wait(run, is_finished)
    page.goto(f"{studio.url}/compare")
    expect(page.locator("[data-total]")).to_contain_text("2,002 runs")
    assert page.evaluate("document.documentElement.scrollHeight") <= 2 * page.evaluate("innerHeight")
    page.locator("[data-find]").fill("method:rwp epochs<11 seed=1")
    expected = sum(1 for number in range(1, 2000) if number % 3 == 1 and 1 + number % 100 < 11 and number // 300 == 1)
    expect(page.locator("[data-total]")).to_contain_text(f"{expected} of 2,002 runs")
    page.locator("[data-find]").fill("method:sgd")
    expect(page.locator("[data-total]")).to_contain_text("2 of 2,002 runs in 1 group")
    page.get_by_role("button", name="Tick all shown").click()
    row = page.locator("[data-board-rows] tr")
    expect(row).to_have_count(1)
    accuracies = [100 * accuracy for run in real if (accuracy := run.records.last("test/accuracy")) is not None]
    expect(row).to_contain_text(f"{sum(accuracies) / 2:.2f}")


def test_the_report_is_opened_from_the_disk_without_a_network(
    page: Page, studio: Studio, raced: None, tmp_path: Path, browser: Browser
) -> None:
    page.goto(f"{studio.url}/compare?q=sigma%3E0")
    expect(page.locator("[data-total]")).to_have_text("16 of 24 runs in 2 groups · 0 ticked")
    expect(page.locator("[data-report]")).to_be_disabled()
    page.get_by_role("button", name="Tick all shown").click()
    expect(page.locator("[data-board-rows] tr")).to_have_count(2)
    with page.expect_download() as ranking:
        page.get_by_role("button", name="CSV", exact=True).click()
    ranking.value.save_as(tmp_path / "ranking.csv")
    assert (tmp_path / "ranking.csv").read_text().splitlines()[1].startswith("1,m-rwp sigma=0.12,8,")
    with page.expect_download() as download:
        page.locator("[data-report]").click()
    download.value.save_as(tmp_path / "report.html")

    alone = browser.new_context(offline=True)
    report, faults = alone.new_page(), list[str]()
    report.on("pageerror", lambda error: faults.append(str(error)))
    report.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    report.on(
        "request", lambda request: faults.extend([] if request.url.startswith(("file:", "data:", "blob:")) else [request.url])
    )
    report.goto((tmp_path / "report.html").as_uri())
    expect(report.locator("[data-board-rows] tr").first).to_contain_text("m-rwp σ 0.12")
    until(report, lambda: len(report.evaluate(LINES)) == 4)
    report.locator("[data-cost]").select_option("gradients")
    expect(report.locator("[data-board-caption]")).to_contain_text("After 6 gradient evaluations")
    report.locator("[data-axis]").select_option("evaluations")
    until(report, lambda: {line[1] for line in report.evaluate(LINES) if line[0]} == {6})
    with report.expect_download() as table:
        report.get_by_role("button", name="LaTeX").click()
    assert table.value.suggested_filename == "ranking-gradients.tex"
    with report.expect_download() as picture:
        report.locator("[data-figure=test-accuracy]").hover()
        report.locator("[data-figure=test-accuracy] [data-title='Download plot as SVG']").click()
    assert picture.value.suggested_filename == "test-accuracy.svg"
    expect(report.locator("pre").first).to_contain_text("rwp-studio train --set")
    assert faults == []
    alone.close()


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


def test_tensorboard_opens_behind_the_studio(page: Page, studio: Studio, raced: None) -> None:
    page.goto(f"{studio.url}/compare")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="TensorBoard").click()
    board, errors = opened.value, []
    board.on("pageerror", lambda error: errors.append(str(error)))
    board.on("request", lambda request: errors.append(request.url) if not request.url.startswith((studio.url, "data:")) else None)
    expect(board.get_by_text("TensorBoard", exact=False).first).to_be_visible()
    expect(board.locator("app-header, mat-toolbar").first).to_be_visible()
    assert not errors
    board.close()


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
