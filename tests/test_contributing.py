"""The recipes of CONTRIBUTING.md, followed to the letter, give a method, a dataset, two charts and a probe."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.runs.run import Run

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(python|diff) (\S+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = """
import json
from pathlib import Path
from studio.pages.app import build
print(json.dumps(build(Path("runs"), Path("data")).config))
"""
NEW = ("method.name=sign-sgd", "data.name=noise", "norm.at_end=true")
QUICK = ("model.name=mlp", "schedule.epochs=1", "landscape.at_end=false")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree in which all four recipes have been followed."""
    copied = tmp_path_factory.mktemp("tree")
    for room in ("engine", "studio", "assets"):
        shutil.copytree(ROOT / room, copied / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "rwp_studio.py", copied)
    for kind, name, content in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8")):
        file = copied / name
        if kind == "python":
            assert not file.exists()
            file.write_text(content, "utf-8")
            continue
        for hunk in content.split("@@\n"):
            file.write_text(changed(file.read_text("utf-8"), hunk), "utf-8")
    return copied


def changed(text: str, hunk: str) -> str:
    """`text` with the lines marked - in the place where they stand, which is the only one, replaced by those marked +."""
    lines = hunk.splitlines()
    old, new = ("\n".join(line[1:] for line in lines if line[0] in signs) for signs in (" -", " +"))
    assert text.count(old) == 1, old
    return text.replace(old, new)


def ran(tree: Path, *arguments: str) -> str:
    command, environment = [sys.executable, "-P", *arguments], os.environ | {"PYTHONPATH": "."}
    done = subprocess.run(command, check=False, cwd=tree, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run(tree: Path) -> Run:
    """A run by the command line with all that is new."""
    chosen = [argument for assignment in (*NEW, *QUICK) for argument in ("--set", assignment)]
    path = Path(ran(tree, "rwp_studio.py", "studio", "train", *chosen).strip())
    return Run(tree / path)


@pytest.fixture(scope="module")
def page(tree: Path) -> dict[str, Any]:
    """What Gradio sends of the page."""
    found: dict[str, Any] = json.loads(ran(tree, "-W", "ignore", "-c", PAGE))
    return found


def test_a_run_trains_by_the_new_method_on_the_new_dataset(run: Run) -> None:
    config = json.loads((run.path / "config.json").read_text("utf-8"))
    assert (config["method"]["name"], config["data"]["name"]) == ("sign-sgd", "noise")
    assert run.status().state == "finished"


def test_the_new_probe_has_measured(run: Run) -> None:
    (norm,) = (metric for metric in run.records.metrics() if metric.name == "weights/norm")
    assert (norm.step, norm.value > 0) == (run.status().steps, True)
    assert [event.step for event in run.records.events(kind="norm")] == [norm.step]


def test_the_form_offers_what_is_new(page: dict[str, Any]) -> None:
    offered = [choice[1] for one in page["components"] for choice in one["props"].get("choices") or ()]
    assert {"sign-sgd", "noise"} <= set(offered)
    assert any("Measure the norm when the training is over" in str(one["props"].get("info")) for one in page["components"])


def test_the_page_draws_what_is_new_and_has_a_button_for_it(page: dict[str, Any]) -> None:
    (monitor,) = (one["props"] for one in page["components"] if "probes" in one["props"].get("props", {}))
    assert {"gradient", "norm"} <= {figure["id"] for figure in monitor["props"]["figures"]}
    assert "norm" in monitor["props"]["probes"]
    assert "sign-sgd" in monitor["props"]["methods"]
