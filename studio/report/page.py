"""Report: a comparison as one page that needs no network, with all that is behind its numbers."""

import html
import json
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any

import orjson

from engine.errors import Refused
from studio.charts import METHOD_COLOURS, OVERLAYS
from studio.form.values import command
from studio.queries.arrays import read_arrays
from studio.queries.comparison import compare
from studio.queries.group_names import group_names
from studio.queries.importance import importance_of_runs
from studio.queries.listing import Entry
from studio.queries.overlay import overlay
from studio.queries.run_table import run_table
from studio.queries.seed_groups import by_group
from studio.report.bundle import import_map
from studio.report.tables import FORMATS, records
from studio.ui_files import PLOTLY, UI

FOLDER = UI / "compare"
Row = dict[str, Any]


def report(entries: Sequence[Entry], reference: str, runs: Path, data: Path) -> str:
    """The page in HTML. `runs` and `data` are the folders that stand in its commands."""
    found, lines, names, overview = compare(entries, reference), overlay(entries), group_names(entries), run_table(entries)
    content = {
        "fields": overview["fields"],
        "rows": overview["rows"],
        "found": found,
        "lines": lines,
        "importance": importance_of_runs(entries),
        "figures": OVERLAYS,
        "colours": METHOD_COLOURS,
        "grids": _grids(entries, lines),
        "tables": {cost: _files(records(board, names)) for cost, board in found["boards"].items()},
    }
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime())
    groups = f"{len(names)} {'group' if len(names) == 1 else 'groups'} of runs"
    return Template((FOLDER / "report.html").read_text("utf-8")).substitute(
        title=html.escape(f"Comparison of {', '.join(sorted({entry.experiment.method.name for entry in entries}))}"),
        summary=html.escape(f"{len(entries)} runs in {groups}, made with RWP Studio {version('rwp-studio')} on {made}."),
        style=(UI / "style.css").read_text("utf-8"),
        result=(FOLDER / "result.html").read_text("utf-8"),
        facts=_facts(entries, names, overview["common"], runs, data),
        plotly=PLOTLY.read_text("utf-8"),
        imports=_in_script({"imports": import_map("compare/report.js")}),
        data=_in_script(content),
    )


def _files(rows: list[Row]) -> dict[str, str]:
    return {ending: write(rows) for ending, write in FORMATS.items()}


def _in_script(content: Any) -> str:
    """JSON that may stand in a page, whatever is in it."""
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY).decode().replace("<", "\\u003c")


def _grids(entries: Iterable[Entry], lines: Iterable[Row]) -> Row:
    """The landscapes of the lines, by run and array; one that cannot be read is left out."""
    by_id = {entry.run.id: entry.run for entry in entries}
    found = {}
    for run, array in ((one["run"], one["array"]) for line in lines if (one := line["landscape"])):
        with suppress(Refused):
            found[f"{run} {array}"] = json.loads(read_arrays(by_id[run], array))
    return found


def _facts(entries: Sequence[Entry], names: dict[str, str], common: Row, runs: Path, data: Path) -> str:
    return "\n".join(
        [
            _section("Runs", _table(("Run", "Group", "Seed", "State", "Test accuracy (%)"), _runs(entries, names))),
            _section("Settings that all have in common", _table(("Field", "Value"), common.items())),
            _section("What was changed while they trained", _table(("Run", "Step", "Field", "To"), _changes(entries))),
            _section("Commands that train the same again", _commands(entries, names, runs, data)),
            _section("Environment", _table(("Of", "Is", "Runs"), _environment(entries))),
        ]
    )


def _runs(entries: Iterable[Entry], names: dict[str, str]) -> list[tuple[object, ...]]:
    return [(one.run.id, names[one.group], one.experiment.seed, one.status.state, _percent(one.accuracy)) for one in entries]


def _percent(accuracy: float | None) -> str:
    return "–" if accuracy is None else f"{100 * accuracy:.2f}"


def _changes(entries: Iterable[Entry]) -> list[tuple[object, ...]]:
    return [(one.run.id, step, path, new) for one in entries for step, path, new in one.history.changes]


def _commands(entries: Iterable[Entry], names: dict[str, str], runs: Path, data: Path) -> str:
    """One command for each group, with the least of its seeds."""
    found = []
    for group, members in by_group(entries).items():
        seeds = ", ".join(sorted({str(one.experiment.seed) for one in members}, key=int))
        shell = command(min((one.run.experiment for one in members), key=lambda one: one.seed), runs, data)
        found.append(f"<p>{html.escape(names[group])}, seeds {seeds}:</p><pre>{html.escape(shell)}</pre>")
    return "".join(found)


def _environment(entries: Iterable[Entry]) -> list[tuple[object, ...]]:
    """Each thing that is told of where the runs were trained, and how many of them say so."""
    counts: dict[tuple[str, str], int] = {}
    for entry in entries:
        for key, value in _env(entry).items():
            counts[key, str(value)] = counts.get((key, str(value)), 0) + 1
    return [(key, value, count) for (key, value), count in sorted(counts.items())]


def _env(entry: Entry) -> Row:
    try:
        return dict(json.loads(entry.run.read("env.json")))
    except (FileNotFoundError, ValueError):
        return {}


def _text(value: object) -> str:
    """A value as it is given on the command line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _section(title: str, content: str) -> str:
    return f'<section class="rwp"><h2>{title}</h2>{content}</section>' if content else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    heading = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    return f'<div class="rwp-table"><table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table></div>' if body else ""
