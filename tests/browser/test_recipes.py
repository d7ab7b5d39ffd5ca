"""Recipes, the paper's tables and groups of seeds in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.experiment.recipes import all_recipes, find
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from tests.browser.actions import choose, fill, knob, look, open_fold, until
from tests.browser.conftest import PATIENCE, Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SLOWLY = """{
    const soon = window.fetch;
    window.fetch = async (...asked) => {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return soon(...asked);
    };
}"""
"""Makes the studio answer a second later."""


FIRST_SLOWLY = """{
    const soon = window.fetch;
    let asked = 0;
    window.fetch = async (...request) => {
        const isOfForm = /gradio_api.*(run|join|call)/.test(request[0]?.url ?? request[0]);
        if (isOfForm && asked++ === 0) await new Promise((resolve) => setTimeout(resolve, 3000));
        return soon(...request);
    };
}"""
"""Lets the studio answer what the form asks first, which is what is to stand in it, later than what it asks next."""


def search(page: Page, text: str) -> None:
    """Type into the picker of recipes and take the first that is offered."""
    page.locator("#rwp-recipe-find").click()
    page.keyboard.type(text)
    page.get_by_role("option").first.click()


def test_from_the_gallery_to_the_form(page: Page, studio: Studio) -> None:
    for one, accuracy in zip(
        find("table2/cifar100/resnet18/sam").experiment("schedule.epochs=30").runs(), (0.7, 0.72, 0.74), strict=True
    ):
        run = Run.create(studio.runs, one)
        writer = Writer(run.path / "run.db")
        writer.metrics(1, 1.0, {"test/accuracy": accuracy})
        writer.flush(Status(state="finished", step=1, steps=1))
        writer.close()
    page.get_by_role("link", name="Gallery").click()
    table = page.locator("table", has_text="Table 2")
    expect(table.locator("tbody tr")).to_have_count(24)
    reached = table.get_by_role("link", name="72.00 ± 2.00")
    expect(reached.locator("..")).to_contain_text("n = 3, 30 epochs")
    table.locator("summary", has_text="≠ 1").click()
    expect(table).to_contain_text("schedule.epochs 30 (paper: 200)")

    table.get_by_role("link", name="80.48 ± 0.25").click()
    expect(knob(page, "method.name").locator("input")).to_have_value("sam")
    expect(knob(page, "model.name").locator("input")).to_have_value("resnet18")
    expect(knob(page, "data.name").locator("input")).to_have_value("cifar100")
    expect(knob(page, "method.rho").locator("input[type=number]")).to_have_value("0.2")
    expect(page.locator("#rwp-about")).to_contain_text("The paper reports a test accuracy of 80.48 ± 0.25 % (Table 2)")
    expect(page.locator("[data-paper]")).to_contain_text("80.48 ± 0.25 %")
    expect(page.locator("[data-paper]")).to_contain_text("≠ schedule.epochs 30 (paper: 200)")
    page.go_back()
    reached.click()
    expect(page.locator("[data-picker]")).to_have_value(re.compile("cifar100-sam"))


def test_how_long_a_training_takes_can_be_asked_before_it_is_started(page: Page) -> None:
    cost = page.locator("#rwp-cost")
    expect(cost).to_contain_text("85 k weights; 22 steps an epoch; about 85.6 GFLOP in all.")
    page.get_by_role("button", name="How long?").click()
    expect(cost).to_contain_text(re.compile(r"About .* an epoch and .* in all on .+, from two steps timed here"))
    search(page, "mixing lab")
    expect(cost).to_contain_text("94.8 k weights; 22 steps an epoch")
    expect(cost).not_to_contain_text("timed here")


def test_the_form_opens_on_the_demonstration(page: Page, studio: Studio) -> None:
    expect(page.locator("#rwp-about")).to_contain_text("30-second demo")
    page.locator("#rwp-start").click()
    until(page, lambda: bool(Run.all(studio.runs)))
    assert studio.newest.experiment == find("demo").experiment()


def type_in(page: Page, path: str, value: str) -> None:
    """Click on a field as soon as that is possible, and type over what stands there."""
    knob(page, path).locator("input[type=number]").click()
    page.keyboard.press("Control+A")
    page.keyboard.type(value)
    page.keyboard.press("Tab")


def test_what_is_typed_right_after_a_recipe_is_chosen_stays(page: Page) -> None:
    open_fold(page, "Schedule")
    page.evaluate(SLOWLY)
    search(page, "mixing lab 0.25")
    type_in(page, "schedule.epochs", "7")
    expect(knob(page, "method.lambda").locator("input[type=number]")).to_have_value("0.25")
    expect(knob(page, "schedule.epochs").locator("input")).to_have_value("7")


def test_what_is_started_right_after_a_recipe_is_chosen_is_the_recipe(page: Page, studio: Studio) -> None:
    page.evaluate(SLOWLY)
    search(page, "adaptive lab")
    page.locator("#rwp-start").click()
    until(page, lambda: bool(Run.all(studio.runs)))
    assert studio.newest.experiment.method.name == "arwp"


def test_what_is_typed_right_after_a_method_is_chosen_stays(page: Page) -> None:
    page.evaluate(SLOWLY)
    choose(page, "method.name", "m-arwp")
    type_in(page, "method.lambda", "0.3")
    expect(knob(page, "method.eta")).to_be_visible()
    expect(knob(page, "method.lambda").locator("input[type=number]")).to_have_value("0.3")


def test_what_only_the_person_knows_is_left_empty_and_asked_for(page: Page) -> None:
    search(page, "ResNet-50 on ImageNet with m-RWP")
    expect(page.get_by_role("alert").first).to_contain_text("data.path")
    expect(knob(page, "data.path").locator("textarea, input").first).to_have_value("")
    expect(page.locator("#rwp-about")).to_contain_text("Give the folder of ImageNet")
    expect(page.locator("#rwp-recipe-find")).to_have_value("")


def test_an_unknown_recipe_in_the_address_is_told(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/?recipe=<b>nothing</b>")
    expect(page.get_by_role("alert").first).to_contain_text("there is no recipe '<b>nothing</b>'")


def test_seeds_become_a_band(page: Page, studio: Studio) -> None:
    search(page, "30-second demo")
    open_fold(page, "Seed")
    fill(page, "seeds", "2")
    open_fold(page, "Schedule")
    fill(page, "schedule.epochs", "3")
    with page.expect_popup() as opened:
        page.locator("#rwp-start").click()
    expect(opened.value.locator("[data-total]")).to_have_text("2 runs in 1 group · 2 ticked")
    opened.value.close()
    expect(page.locator("[data-group]")).to_contain_text("2 finished seeds: test accuracy")
    until(page, lambda: studio.newest.status().state == "finished" and Run.all(studio.runs)[1].status().state == "finished")
    until(page, lambda: "test, mean" in look(page, "loss", "({data}) => data?.map(({name}) => name) ?? []"))
    bands = "({data}) => data.filter(({fill}) => fill === 'toself').length"
    assert look(page, "loss", bands) == 4
    page.locator("[data-show-group]").uncheck()
    until(page, lambda: look(page, "loss", bands) == 0)


def test_a_form_is_saved_found_again_and_sent_as_a_link(page: Page, studio: Studio) -> None:
    choose(page, "method.name", "sam")
    fill(page, "method.rho", "0.07")
    page.get_by_role("button", name="Save this form").click()
    page.keyboard.type("My <b>SAM</b>")
    page.keyboard.press("Enter")
    expect(page.locator("[data-form-note]")).to_contain_text("“My <b>SAM</b>” is saved in this browser")
    search(page, "mixing lab")
    expect(knob(page, "method.name").locator("input")).to_have_value("m-rwp")
    page.reload()
    expect(knob(page, "method.name").locator("input")).to_have_value("m-rwp")
    search(page, "my sam")
    expect(knob(page, "method.rho").locator("input[type=number]")).to_have_value("0.07")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy a link").click()
    expect(page.locator("[data-form-note]")).to_have_text("The link is on the clipboard.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "%22method.rho%22%3A0.07" in link
    assert "schedule.epochs" not in link, "only what differs"

    other = page.context.browser.new_context().new_page()  # type: ignore[union-attr]
    other.goto(link)
    expect(knob(other, "method.rho").locator("input[type=number]")).to_have_value("0.07", timeout=PATIENCE)
    expect(knob(other, "method.name").locator("input")).to_have_value("sam")
    assert "form=" not in other.url, "a reload keeps what was changed since"
    fill(other, "method.rho", "0.2")
    other.reload()
    expect(knob(other, "method.rho").locator("input[type=number]")).to_have_value("0.2", timeout=PATIENCE)
    other.goto(f"{studio.url}/?form=%7B%22method.sigma%22%3A%22%3Cimg%20src%3Dx%3E%22%2C%22nonsense%22%3A1%7D")
    expect(knob(other, "method.sigma").locator("input[type=number]")).to_have_value("0.12", timeout=PATIENCE)
    other.context.close()


def test_a_recipe_is_starred_and_a_saved_form_removed_by_keyboard_alone(page: Page) -> None:
    page.get_by_role("button", name="Save this form").press("Enter")
    page.keyboard.type("One")
    page.keyboard.press("Enter")
    page.locator("#rwp-recipe-find").focus()
    page.keyboard.type("mixing lab")
    page.keyboard.press("Alt+Enter")
    expect(offered(page).first).to_contain_text("★")
    starred = offered(page).first.get_attribute("data-name")
    page.keyboard.press("Escape")
    page.locator("#rwp-recipe-find").fill("")
    page.keyboard.press("ArrowDown")
    expect(offered(page).first).to_contain_text("Saved · One")
    expect(offered(page).nth(1)).to_have_attribute("data-name", starred or "")
    page.keyboard.press("Alt+Enter")
    expect(offered(page).first).to_have_attribute("data-name", starred or "")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo", exact=True).last.press("Enter")
    page.locator("#rwp-recipe-find").focus()
    page.keyboard.press("ArrowDown")
    expect(offered(page).first).to_contain_text("Saved · One")


def offered(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Recipes").get_by_role("option")


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("sam cifar-100", "SAM"),
        ("resnet50", "ResNet-50"),
        ("  m-RWP, imagenet ", "m-RWP"),
        ("table3 vits32", "ViT-S/32"),
    ],
)
def test_a_recipe_is_found_by_words_in_any_order(page: Page, typed: str, title: str) -> None:
    page.locator("#rwp-recipe-find").click()
    expect(offered(page)).to_have_count(len(all_recipes()))
    page.keyboard.type(typed)
    expect(offered(page).filter(has_text=title).first).to_be_visible()
    assert 0 < offered(page).count() < len(all_recipes())
    page.keyboard.type(" nothing of the kind")
    expect(page.locator("[data-recipe-note]")).to_have_text("No recipe matches")
    expect(offered(page)).to_have_count(0)


def test_the_list_of_recipes_is_left_with_the_keyboard(page: Page) -> None:
    box = page.get_by_role("combobox", name="Recipe")
    box.focus()
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", offered(page).nth(1).get_attribute("id") or "")
    page.keyboard.press("Escape")
    expect(offered(page)).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowUp")
    expect(offered(page).last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    expect(offered(page)).to_have_count(0)
    expect(box).not_to_be_focused()
    box.focus()
    page.keyboard.type("lab mixing")
    page.keyboard.press("Enter")
    expect(page.locator("#rwp-about")).to_contain_text("Mixing lab")
    expect(box).to_have_value("")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_what_is_undone_while_the_form_is_still_filled_is_undone(page: Page) -> None:
    fill(page, "method.sigma", "0.0123")
    until(page, lambda: "0.0123" in page.evaluate("sessionStorage.getItem('rwp-form') ?? ''"))
    search(page, "Boundary lab: m-RWP")
    until(page, lambda: '"method.sigma":0.07' in page.evaluate("sessionStorage.getItem('rwp-form') ?? ''"))
    page.add_init_script(FIRST_SLOWLY)
    page.reload()
    page.get_by_role("button", name="Undo", exact=True).click()
    until(page, lambda: '"method.sigma":0.0123' in page.evaluate("sessionStorage.getItem('rwp-form') ?? ''"))
    expect(knob(page, "method.sigma").locator("input[type=number]")).to_have_value("0.0123")
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_hidden()


def test_what_a_recipe_has_overwritten_comes_back(page: Page, studio: Studio) -> None:
    """Also after a reload, and one recipe after the other."""
    undo = page.get_by_role("button", name="Undo", exact=True)
    fill(page, "method.sigma", "0.0123")
    until(page, lambda: "0.0123" in page.evaluate("sessionStorage.getItem('rwp-form') ?? ''"))
    expect(undo).to_be_hidden()
    for words, sigma in (("Boundary lab: m-RWP", "0.07"), ("Boundary lab: m-ARWP", "0.1")):
        search(page, words)
        expect(knob(page, "method.sigma").locator("input[type=number]")).to_have_value(sigma)
        until(page, lambda sigma=sigma: f'"method.sigma":{sigma}' in page.evaluate("sessionStorage.getItem('rwp-form') ?? ''"))
    page.reload()
    undo.click()
    expect(knob(page, "method.sigma").locator("input[type=number]")).to_have_value("0.07")
    undo.click()
    expect(knob(page, "method.sigma").locator("input[type=number]")).to_have_value("0.0123")
    expect(undo).to_be_hidden()
