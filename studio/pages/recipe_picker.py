"""Recipes on the page: a picker that fills the form, and what the chosen one is about."""

import html

from engine.experiment.recipes import Recipe, all_recipes, find
from studio.form.values import Values, to_values

KINDS = {"demo": "Demo", "lab": "Lab", "table2": "Table 2", "table3": "Table 3", "table4": "Table 4"}
"""What the first part of a recipe's name is called, where its title does not say so itself."""


def choices() -> list[tuple[str, str]]:
    """Title and name of every recipe, those for learning first."""
    every = sorted(all_recipes().values(), key=lambda recipe: not recipe.name.startswith(("demo", "lab")))
    return [(_title(recipe), recipe.name) for recipe in every]


def filled(name: str) -> tuple[Values, str]:
    """The form as a recipe sets it, with what only the person can fill in left empty, and the text about it as HTML.

    Raises `Refused` if there is no such recipe.
    """
    recipe = find(name)
    values = to_values(recipe.experiment(*(f"{field}=?" for field in recipe.needs)))
    return values | dict.fromkeys(recipe.needs, ""), about(recipe)


def about(recipe: Recipe) -> str:
    """What a recipe is about, as HTML."""
    paper = f"The paper reports a test accuracy of {recipe.paper} (Table {recipe.paper.table})." if recipe.paper else ""
    look_at = f"<strong>Look at:</strong> {html.escape(recipe.look_at)}" if recipe.look_at else ""
    needs = [f"<code>{html.escape(field)}</code> {html.escape(what)}" for field, what in recipe.needs.items()]
    parts = [html.escape(recipe.text), look_at, paper, *needs]
    paragraphs = "".join(f"<p>{part}</p>" for part in parts if part)
    return f"<details open><summary>{html.escape(_title(recipe))}</summary>{paragraphs}</details>"


def _title(recipe: Recipe) -> str:
    kind = KINDS.get(recipe.name.partition("/")[0])
    return f"{kind} · {recipe.title}" if kind and kind.lower() not in recipe.title.lower() else recipe.title
