"""The recipes in the form: each fills it, and says what it is about."""

import pytest

from engine.errors import Refused
from engine.experiment.recipes import all_recipes
from studio.form.values import to_config, to_values
from studio.pages import recipe_picker


@pytest.mark.parametrize("name", all_recipes())
def test_every_recipe_fills_the_form(name: str) -> None:
    values, about = recipe_picker.filled(name)
    chosen = all_recipes()[name]
    needed = dict.fromkeys(chosen.needs, "?")
    assert to_values(chosen.experiment(*(f"{field}=?" for field in needed))) == values | needed
    assert set(to_config(values)) >= {"data", "model", "method"}
    assert all(values[field] == "" for field in chosen.needs)
    assert ("The paper reports" in about) == bool(chosen.paper)


def test_all_recipes_are_offered_once() -> None:
    assert sorted(name for _, name in recipe_picker.choices()) == sorted(all_recipes())
    titles = [title for title, _ in recipe_picker.choices()]
    assert len(set(titles)) == len(titles)


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(Refused, match="there is no recipe"):
        recipe_picker.filled("<b>")
