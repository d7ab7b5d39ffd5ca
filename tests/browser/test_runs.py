"""The page of all runs in a real browser: names, the trash, archives."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.experiment.schema import read
from engine.runs.archive import pack
from engine.runs.labels import labels, relabel
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.trash import Trash
from engine.runs.writer import Writer
from tests.browser.actions import knob, until
from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def finished(runs: Path, method: str, accuracy: float, state: str = "finished") -> Run:
    run = Run.create(runs, read({"method": {"name": method}}))
    writer = Writer(run.path / "run.db")
    writer.metrics(330, 9.0, {"test/accuracy": accuracy})
    writer.flush(Status(state=state, step=330, steps=330, epochs=30))
    writer.close()
    return run


@pytest.fixture
def two(page: Page, studio: Studio) -> list[Run]:
    """Two runs, and the page that shows them."""
    made = [finished(studio.runs, "sam", 0.7), finished(studio.runs, "rwp", 0.9, "stopped")]
    page.goto(f"{studio.url}/runs")
    expect(page.locator("[data-rows] tr")).to_have_count(2)
    return made


def line(page: Page, run: Run) -> Locator:
    return page.locator(f"[data-run='{run.id}']")


def order(page: Page) -> list[str | None]:
    return page.locator("[data-rows] tr").evaluate_all("rows => rows.map((row) => row.dataset.run ?? null)")


def test_a_name_a_tag_a_note_and_a_star_stay(page: Page, two: list[Run]) -> None:
    run, row = two[0], line(page, two[0])
    name = "<img src=x onerror=alert(1)> & σ"
    row.get_by_label(f"Name of {run.id}").fill(name)
    page.keyboard.press("Enter")
    row.get_by_label(f"Tags of {run.id}").fill("paper, λ ½,")
    page.keyboard.press("Tab")
    row.get_by_label(f"Note on {run.id}").fill("first line\nsecond line")
    page.keyboard.press("Tab")
    row.get_by_label(f"Star {run.id}").click()
    expect(row.get_by_label(f"Star {run.id}")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(row.get_by_label(f"Name of {run.id}")).to_have_value(name)
    expect(row.get_by_label(f"Tags of {run.id}")).to_have_value("paper, λ ½")
    expect(row.get_by_label(f"Note on {run.id}")).to_have_value("first line\nsecond line")
    expect(row.get_by_label(f"Star {run.id}")).to_have_text("★")
    assert labels(run).model_dump()["tags"] == ["paper", "λ ½"]
    row.get_by_label(f"Tags of {run.id}").fill("x" * 50)
    page.keyboard.press("Enter")
    expect(row.get_by_label(f"Tags of {run.id}")).to_have_attribute("aria-invalid", "true")
    assert "at most 40 visible characters" in (row.get_by_label(f"Tags of {run.id}").get_attribute("title") or "")
    row.get_by_label(f"Tags of {run.id}").press("Escape")
    expect(row.get_by_label(f"Tags of {run.id}")).to_have_value("paper, λ ½")


def test_runs_are_found_and_sorted(page: Page, two: list[Run]) -> None:
    sam, rwp = two
    relabel(sam, {"name": "Sharp one", "tags": ["paper"], "star": True})
    expect(line(page, sam).get_by_label("Name of")).to_have_value("Sharp one")
    page.get_by_role("button", name="Accuracy").click()
    assert order(page) == [rwp.id, sam.id]
    expect(page.get_by_role("columnheader", name="Accuracy")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Accuracy").click()
    assert order(page) == [sam.id, rwp.id]
    page.get_by_label("Find").fill("SHARP finished")
    assert order(page) == [sam.id]
    expect(page.locator("[data-total]")).to_contain_text("1 of 2 runs")
    page.get_by_label("Find").fill("finished smallcnn")
    assert order(page) == [sam.id]
    page.get_by_label("Find").fill("nothing of the kind")
    assert order(page) == []
    expect(page.locator("[data-total]")).to_contain_text("No run matches: 0 of 2 runs")
    page.get_by_label("Find").fill("")
    for choose in (
        lambda: page.get_by_label("State").select_option("finished"),
        lambda: page.locator("[data-tag]").select_option("paper"),
        lambda: page.get_by_label("★ only").check(),
    ):
        choose()
        assert order(page) == [sam.id]
        page.reload()
        expect(page.locator("[data-rows] tr")).to_have_count(2)


def test_a_deleted_run_is_had_back_at_once_or_later_or_lost(page: Page, studio: Studio, two: list[Run]) -> None:
    sam, rwp = two
    line(page, sam).get_by_role("button", name="Delete").click()
    expect(line(page, sam)).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(line(page, sam)).to_be_visible()
    line(page, rwp).get_by_role("button", name="Delete").click()
    page.locator("[data-trash-title]").click()
    page.get_by_role("button", name=f"Restore {rwp.id}").click()
    expect(line(page, rwp)).to_be_visible()

    line(page, rwp).get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Empty the trash").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 run, ")
    expect(page.get_by_role("dialog")).to_contain_text("will be removed for good")
    page.get_by_role("button", name="Keep them").click()
    assert [run.id for run in Trash(studio.runs).runs()] == [rwp.id]
    page.get_by_role("button", name="Empty the trash").click()
    page.get_by_role("button", name="Remove for good").click()
    expect(page.locator("[data-trash]")).to_be_hidden()
    assert Trash(studio.runs).runs() == []
    assert [run.id for run in Run.all(studio.runs)] == [sam.id]


def test_a_run_in_use_cannot_be_deleted(page: Page, studio: Studio, two: list[Run]) -> None:
    run = two[0]
    with run.lock():
        writer = Writer(run.path / "run.db")
        writer.flush(Status(state="running"))
        delete = line(page, run).get_by_role("button", name="Delete")
        expect(delete).to_be_disabled()
        expect(delete).to_have_attribute("title", "Stop it first, on the page Train")
        writer.close()


def test_an_archive_goes_out_and_comes_in(page: Page, studio: Studio, two: list[Run], tmp_path: Path) -> None:
    run = two[0]
    relabel(run, {"name": "Travels"})
    page.get_by_label("Zip holds").select_option("all")
    with page.expect_download() as download:
        line(page, run).get_by_role("link", name="Zip").click()
    download.value.save_as(tmp_path / "x.zip")
    assert download.value.suggested_filename == f"{run.id}.zip"
    page.get_by_label("Import a run").set_input_files(tmp_path / "x.zip")
    expect(page.locator("[data-toast]")).to_contain_text(f"Imported {run.id}-2")
    copy = Run(studio.runs / f"{run.id}-2")
    expect(line(page, copy).get_by_role("link", name=copy.id)).to_be_focused()
    expect(line(page, copy).get_by_label("Name of")).to_have_value("Travels")
    line(page, copy).get_by_role("link", name="Clone").click()
    expect(knob(page, "method.name").locator("input")).to_have_value("sam")


def test_a_hostile_archive_is_refused_in_words(page: Page, studio: Studio, two: list[Run], tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"".join(pack(two[0])))
    with zipfile.ZipFile(tmp_path / "x.zip", "a") as archive:
        archive.writestr("../<b>evil</b>.json", "{}")
    page.get_by_label("Import a run").set_input_files(tmp_path / "x.zip")
    problem = page.locator("[data-import-problem]")
    expect(problem).to_contain_text("../<b>evil</b>.json: is no file of a run. Give an archive that RWP Studio has made")
    (tmp_path / "y.zip").write_bytes(b"no archive")
    page.get_by_label("Import a run").set_input_files(tmp_path / "y.zip")
    expect(problem).to_contain_text("archive: is damaged")
    until(page, lambda: len(Run.all(studio.runs)) == 2)
    assert not list(studio.runs.glob(".transfer-*"))


def test_a_run_that_learns_from_a_folder_asks_where_that_is_here(page: Page, studio: Studio, tmp_path: Path) -> None:
    for place in ("train/a", "train/b", "val/a", "val/b"):
        (tmp_path / "mine" / place).mkdir(parents=True)
    theirs = Run.create(tmp_path / "theirs", read({"data": {"name": "folder", "path": "/theirs"}}))
    (tmp_path / "x.zip").write_bytes(b"".join(pack(theirs)))
    page.goto(f"{studio.url}/runs")
    expect(page.locator("[data-empty]")).to_be_visible()
    page.get_by_label("Import a run").set_input_files(tmp_path / "x.zip")
    expect(page.locator("[data-import-problem]")).to_contain_text("another machine, '/theirs'")
    page.get_by_label("Folder of the images").fill(str(tmp_path / "mine"))
    page.get_by_role("button", name="Import with these images").click()
    expect(page.locator("[data-total]")).to_contain_text("1 run ·")
    expect(page.locator("[data-import-problem]")).to_be_hidden()
    assert Run.open(studio.runs, theirs.id).experiment.data.model_dump()["path"] == str(tmp_path / "mine")


def test_a_narrow_page_fits(page: Page, two: list[Run]) -> None:
    page.set_viewport_size({"width": 400, "height": 850})
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    for control in line(page, two[0]).locator("button, input, textarea, .rwp-actions a").all():
        box = control.bounding_box()
        assert box
        assert box["height"] >= 40
