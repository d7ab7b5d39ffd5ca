"""Recipes: ready-made experiments with a paragraph about each, read from assets/recipes."""

import difflib
import json
from dataclasses import replace
from functools import cache, reduce
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from engine.errors import Problem, Refused
from engine.experiment.overrides import merge, override
from engine.experiment.schema import UNIONS, Experiment, members, read

FOLDER = Path(__file__).parents[2] / "assets" / "recipes"


class Part(BaseModel):
    """A piece of a recipe file."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class Reported(Part):
    """What the paper reports for these settings."""

    table: str
    """Number of the table."""
    accuracy: float
    """Mean test accuracy in per cent."""
    sd: float | None = None
    """Its standard deviation over the trials, where the table has one."""
    flops: float | None = None
    """Operations, as a multiple of plain training."""
    time: float | None = None
    """Training time, as a multiple of plain training."""

    def __str__(self) -> str:
        spread = "" if self.sd is None else f" ± {self.sd:.2f}"
        return f"{self.accuracy:.2f}{spread} %"


class Recipe(Part):
    """An experiment that somebody may want to start, and why."""

    name: str
    """Path-like: the file, and the row in it where the file has several."""
    title: str
    text: str
    """A paragraph: what this is and what it costs."""
    look_at: str = ""
    """What to watch, or to compare with."""
    config: dict[str, Any]
    """What differs from the defaults."""
    needs: dict[str, str] = {}
    """Fields that only the person can fill in, each with what belongs there."""
    paper: Reported | None = None

    def experiment(self, *assignments: str) -> Experiment:
        """The experiment, with each "field=value" applied. Raises `Refused` naming what the person has yet to give.

        Where another method, dataset or optimizer is chosen, the recipe's fields which that one does not have fall away.
        """
        none: dict[str, Any] = {}
        changes = reduce(override, assignments, none)
        try:
            return read(merge(_fitting(self.config, changes), changes))
        except Refused as error:
            told = (replace(problem, cure=self.needs.get(problem.field, problem.cure)) for problem in error.problems)
            raise Refused(*told) from None


def find(name: str) -> Recipe:
    """The recipe called `name`. Raises `Refused` with those that are called something like it."""
    recipes = all_recipes()
    if recipe := recipes.get(name):
        return recipe
    inside = [known for known in recipes if known.startswith(name.rstrip("/") + "/")]
    near = inside or difflib.get_close_matches(name[:100], recipes, n=3, cutoff=0.5)
    cure = f"Choose one of {', '.join(near[:8])}" if near else "See `rwp-studio recipe list`"
    raise Refused(Problem("recipe", f"there is no recipe {name[:64]!r}", cure))


@cache
def all_recipes() -> dict[str, Recipe]:
    """Every recipe by name, in the order of the files and of the rows in them."""
    return {recipe.name: recipe for path in sorted(FOLDER.rglob("*.json")) for recipe in _in_file(path)}


def _in_file(path: Path) -> list[Recipe]:
    """The recipes in one file. Where it has `rows`, each is laid over what the file says for all of them."""
    name = path.relative_to(FOLDER).with_suffix("").as_posix()
    shared = json.loads(path.read_text(encoding="utf-8"))
    rows: dict[str, Any] | None = shared.pop("rows", None)
    if rows is None:
        return [Recipe(name=name, **shared)]
    return [Recipe(name=f"{name}/{row}", **merge(shared, changes)) for row, changes in rows.items()]


def _fitting(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`config` without the fields that the choices made in `changes` do not have."""
    fitting = dict(config)
    for section in UNIONS:
        chosen = changes[section].get("name") if isinstance(changes.get(section), dict) else None
        if section in config and (kind := members(section).get(str(chosen))):
            known = {field.alias or name for name, field in kind.model_fields.items()}
            fitting[section] = {key: value for key, value in config[section].items() if key in known}
    return fitting
