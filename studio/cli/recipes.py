"""`rwp-studio recipe`: list the recipes, and show all about one."""

import argparse
import textwrap
from typing import TYPE_CHECKING

from engine.experiment.recipes import Recipe, all_recipes, find
from studio.cli.folders import Folders
from studio.output import print_json

if TYPE_CHECKING:
    from studio.cli import Commands

WIDTH = 100


def add(commands: "Commands", _: Folders) -> None:
    """Add `recipe list` and `recipe show`."""
    kinds = commands.add_parser("recipe", help="list the ready-made experiments, or show one").add_subparsers(
        dest="recipe_command", metavar="list | show", required=True
    )
    listing = kinds.add_parser("list", help="list all recipes")
    listing.set_defaults(do=show_all)
    show = kinds.add_parser("show", help="print what a recipe is for and what it sets")
    show.add_argument("name", metavar="NAME", help="for instance table2/cifar100/resnet18/m-arwp")
    show.set_defaults(do=show_one)
    for parser in (listing, show):
        parser.add_argument("--json", action="store_true", help="print JSON")


def show_all(given: argparse.Namespace) -> None:
    """Print one line per recipe: its name, its title, and what the paper reports for it."""
    recipes = all_recipes().values()
    if given.json:
        print_json([recipe.model_dump() for recipe in recipes])
        return
    widest = max(len(recipe.name) for recipe in recipes)
    for recipe in recipes:
        print(f"{recipe.name:<{widest}}  {recipe.title}{f'  (paper: {recipe.paper})' if recipe.paper else ''}")


def show_one(given: argparse.Namespace) -> None:
    """Print what a recipe is for, what to look at, how to start it, and what it sets."""
    recipe = find(given.name)
    if given.json:
        print_json(recipe.model_dump(), indent=2)
        return
    print("\n\n".join([recipe.title, *(textwrap.fill(part, WIDTH) for part in _paragraphs(recipe)), _command(recipe)]))
    print()
    print_json(recipe.config, indent=2)


def _paragraphs(recipe: Recipe) -> list[str]:
    reported = f"The paper reports {recipe.paper} in Table {recipe.paper.table}." if recipe.paper else ""
    look_at = f"Look at: {recipe.look_at}" if recipe.look_at else ""
    needs = [f"Needs {field}: {what}" for field, what in recipe.needs.items()]
    return [part for part in (recipe.text, look_at, reported, *needs) if part]


def _command(recipe: Recipe) -> str:
    needed = "".join(f" --set {field}=…" for field in recipe.needs)
    return f"rwp-studio train --recipe {recipe.name}{needed}"
