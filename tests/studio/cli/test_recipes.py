"""Recipes as a person asks for them on the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.experiment.recipes import all_recipes, find
from engine.runs.run import Run

QUICK = ["--set", "schedule.epochs=1", "--set", "landscape.at_end=false"]


def command(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "studio", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_list_has_a_line_for_every_recipe(tmp_path: Path) -> None:
    lines = command("recipe", "list", cwd=tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(all_recipes())
    assert any(line.startswith("table4/sam-different ") and line.endswith("(paper: 78.30 ± 0.11 %)") for line in lines)
    rows = json.loads(command("recipe", "list", "--json", cwd=tmp_path).stdout)
    assert rows == [recipe.model_dump() for recipe in all_recipes().values()]


def test_a_reader_that_leaves_early_sees_no_traceback(tmp_path: Path) -> None:
    line = f"'{sys.executable}' -m studio recipe list --json | head -c 10"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (len(done.stdout), done.stderr) == (10, "")


def test_a_recipe_is_shown_with_its_text_the_paper_and_how_to_start_it(tmp_path: Path) -> None:
    shown = command("recipe", "show", "table3/resnet50/sam", cwd=tmp_path).stdout
    recipe = find("table3/resnet50/sam")
    words = " ".join(shown.split())
    for part in (recipe.title, recipe.text, recipe.look_at, "The paper reports 77.15 % in Table 3."):
        assert part in words
    assert "rwp-studio train --recipe table3/resnet50/sam --set data.path=…" in shown.splitlines()
    assert json.loads(shown[shown.index("\n{") :]) == recipe.config
    as_json = json.loads(command("recipe", "show", "table3/resnet50/sam", "--json", cwd=tmp_path).stdout)
    assert as_json == recipe.model_dump()


def test_a_recipe_is_trained_with_changes(tmp_path: Path) -> None:
    done = command("train", "--recipe", "lab/mixing/lambda-0.5", *QUICK, "--set", "method.sigma=0.05", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    changes = ["schedule.epochs=1", "landscape.at_end=false", "method.sigma=0.05"]
    assert Run(tmp_path / done.stdout.splitlines()[-1]).experiment == find("lab/mixing/lambda-0.5").experiment(*changes)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["recipe", "show", "table4/sam-sam"], "recipe: there is no recipe 'table4/sam-sam'. Choose one of table4/sam-same"),
        (["train", "--recipe", "dem"], "recipe: there is no recipe 'dem'. Choose one of demo"),
        (["train", "--recipe", "../demo"], "there is no recipe '../demo'"),
        (["train", "c.json", "--recipe", "demo"], "--recipe: there is a CONFIG.json as well. Give one of them"),
        (["train", "--recipe", "table3/vit-s32/rwp"], "data.path: is missing. Give the folder of ImageNet"),
        (["train", "--recipe", "demo", "--set", "method.sigma=7"], "method.sigma: should be less than or equal to 0.2"),
        (["train", "--recipe", "demo", "--set", "nonsense"], "is not of the form field=value"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
