"""The rooms of the house: no import runs upwards or in a circle, and torch is imported below engine/training and nowhere else."""

import ast
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = [
    "studio.__main__",
    "studio.cli",
    "studio.sweep",
    "studio.web",
    "studio.pages",
    "studio.report",
    "studio.figures",
    "studio.charts",
    "studio.chart_help",
    "studio.queries",
    "studio.stream",
    "studio.form",
    "studio.tensorboard",
    "studio.output",
    "studio.ui_files",
    "engine.fork_server",
    "engine.__main__",
    "engine.training.preload",
    "engine.training.estimate",
    "engine.training.plane",
    "engine.training.classify",
    "engine.training.trainer",
    "engine.training.probes",
    "engine.training.step",
    "engine.training.streams",
    "engine.training.weights",
    "engine.training.models",
    "engine.training.data",
    "engine.training.process_group",
    "engine.training.rng",
    "engine.launch",
    "engine.runs",
    "engine.experiment",
    "engine.methods",
    "engine.catalogue",
    "engine.processes",
    "engine.machine",
    "engine.files",
    "engine.fields",
    "engine.errors",
]
"""From top to bottom: none may import one above it."""
BARRED = {
    "studio": ("engine.training", "torch", "torchvision"),
    "studio.cli": ("studio.web", "studio.pages", "gradio"),
    "engine": ("studio", "gradio", "plotly", "fastapi"),
    **{room: ("torch", "torchvision") for room in ROOMS if room.startswith("engine.") and "training" not in room},
}
"""What a room may not import, though it is none above."""
FOR_TYPE_CHECKERS = ("engine.methods", "torch")
CHECKS_FOREIGN_CHECKPOINTS = "engine.runs.archive.check_checkpoints"
"""Runs as a process of its own, for which torch is what it looks with."""


def name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {name(path): path.read_text() for part in ("engine", "studio") for path in (ROOT / part).rglob("*.py")}


@cache
def _nodes(source: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(source)))


def is_in(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def room_of(module: str) -> str:
    return max((room for room in ROOMS if is_in(module, room)), key=len, default="")


def imports(source: str, modules: set[str]) -> Iterator[str]:
    """What a file imports, wherever that stands in it, those for type checkers included."""
    for node in _nodes(source):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module


def for_type_checkers(source: str) -> set[str]:
    """What a file imports for type checkers alone."""
    blocks = [node for node in _nodes(source) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    return {found for block in blocks for found in imports(ast.unparse(block), set())}


def faults(sources: dict[str, str]) -> list[str]:
    """Every import that should not be."""
    return [*_upward(sources), *_barred(sources), *_circles(sources)]


def _upward(sources: dict[str, str]) -> Iterator[str]:
    for module, source in sources.items():
        for imported in imports(source, set(sources)):
            above, below = room_of(module), room_of(imported)
            if above and below and ROOMS.index(below) < ROOMS.index(above):
                yield f"{module} imports {imported}, which is above it"


def _barred(sources: dict[str, str]) -> Iterator[str]:
    for module, source in sources.items():
        barred = {one for room, those in BARRED.items() if is_in(module, room) for one in those}
        if module == CHECKS_FOREIGN_CHECKPOINTS:
            barred.discard("torch")
        if is_in(module, FOR_TYPE_CHECKERS[0]) and FOR_TYPE_CHECKERS[1] in for_type_checkers(source):
            barred.discard("torch")
        for imported in imports(source, set(sources)):
            if any(is_in(imported, one) for one in barred):
                yield f"{module} may not import {imported}"


def _circles(sources: dict[str, str]) -> Iterator[str]:
    graph = {module: {one for one in imports(source, set(sources)) if one != module} for module, source in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"a circle: {' ← '.join(error.args[1])}"


def test_every_import_keeps_to_its_room() -> None:
    assert faults(SOURCES) == []


def test_every_file_has_a_room() -> None:
    assert [module for module in SOURCES if not room_of(module) and module not in ("engine", "studio", "engine.training")] == []


@pytest.mark.parametrize(
    ("module", "line", "fault"),
    [
        ("engine.errors", "import engine.fields", "engine.errors imports engine.fields, which is above it"),
        ("engine.training.weights.filters", "from engine.training.step import learner", "which is above it"),
        ("engine.runs.run", "def f():\n    from engine.launch.queue import Queue", "which is above it"),
        ("studio.queries.cost", "import studio.pages.app", "which is above it"),
        ("engine.launch.queue", "import torch", "may not import torch"),
        ("engine.runs.run", "from torchvision.io import decode_image", "may not import torchvision"),
        ("engine.methods.sam", "from torch import no_grad", "may not import torch"),
        ("studio.queries.cost", "from engine.training import estimate", "may not import engine.training.estimate"),
        ("studio.web.server", "import torch.nn", "may not import torch.nn"),
        ("studio.cli.runs", "from studio.web import address", "may not import studio.web.address"),
        ("engine.training.rng", "import plotly.io", "may not import plotly.io"),
        ("engine.errors", "import studio.output", "may not import studio.output"),
        ("engine.files.atomic", "import engine.files.exclusive", "a circle"),
        (
            "engine.methods.context",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from engine.methods.base import Method",
            "a circle",
        ),
    ],
)
def test_a_planted_import_is_found(module: str, line: str, fault: str) -> None:
    planted = {**SOURCES, module: f"{line}\n"}
    if fault == "a circle":
        planted["engine.files.exclusive"] = "import engine.files.atomic\n"
    assert any(fault in found for found in faults(planted)), faults(planted)


NAMES = re.compile(r"(?:engine|studio|benchmarks|tests)(?:\.\w+)+(?::\w+)?")
COMMANDS = re.compile(r"-m ((?:engine|studio|benchmarks|tests)(?:\.\w+)*)")


def named(source: str) -> Iterator[str]:
    """The names of modules, and of what is in them, that stand in the strings of a file."""
    for node in _nodes(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from COMMANDS.findall(node.value)
            if NAMES.fullmatch(node.value) and node.value not in ("engine.log", "studio.log", "studio.py"):
                yield node.value


@pytest.mark.parametrize("part", ["engine", "studio", "benchmarks", "tests"])
def test_every_module_named_in_a_string_is_there(part: str) -> None:
    files = [path for path in (ROOT / part).rglob("*.py") if path != Path(__file__)]
    found = {one for path in files for one in named(path.read_text())}
    assert found
    for one in found:
        pkgutil.resolve_name(one)


UI = ROOT / "assets" / "ui"
MAY_IMPORT = {
    "monitor": {"setup", "charts", "lib"},
    "library": {"lib"},
    "compare": {"charts", "lib"},
    "gallery": {"lib"},
    "setup": {"lib"},
    "charts": {"lib"},
    "lib": set[str](),
}
"""Which rooms the browser scripts of a room may import from."""
IMPORTED = re.compile(r'(?:from |import |import\()"(\.[^"]+)"')


def strays(scripts: dict[Path, str]) -> list[str]:
    """Imports of scripts that are not there, or that belong to a room out of reach."""
    found = []
    for script, source in scripts.items():
        for imported in IMPORTED.findall(source):
            target = (script.parent / imported).resolve()
            rooms = script.parent.name, target.parent.name
            if target not in scripts or not (rooms[0] == rooms[1] or rooms[1] in MAY_IMPORT[rooms[0]]):
                found.append(f"{script.relative_to(UI)} imports {imported}")
    return found


def test_browser_scripts_keep_to_their_rooms() -> None:
    scripts = {path: path.read_text() for path in UI.rglob("*.js")}
    assert {path.parent.name for path in scripts} == set(MAY_IMPORT)
    assert strays(scripts) == []
    planted = scripts | {UI / "lib" / "rows.js": 'import { x } from "../monitor/store.js";'}
    assert strays(planted) == ["lib/rows.js imports ../monitor/store.js"]
    assert strays(scripts | {UI / "gallery" / "main.js": 'import("./nothing.js")'}) == ["gallery/main.js imports ./nothing.js"]
