"""Tables of a comparison as CSV and JSON, for programs, and as LaTeX and Markdown, for people."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from engine.files.plain_json import finite

Board = Mapping[str, Any]
Ending = Literal["csv", "json", "md", "tex"]
COLUMNS = ("rank", "group", "n", "mean", "sd", "difference", "low", "high", "p", "verdict")
"""Accuracies and differences are fractions, p is corrected by Holm."""
HEADINGS = ("Group", "Seeds", "Test accuracy (%)", "Difference (points)", "95 % interval", "p (Holm)", "What can be said")
_SPECIAL = str.maketrans({**{char: f"\\{char}" for char in "&%$#_{}"}, "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"})
_SIGNS = {"±": r"$\pm$", "−": "$-$", "–": "--", "σ": r"$\sigma$", "λ": r"$\lambda$", "ρ": r"$\rho$"}


def records(board: Board, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of a board, best first, each with all of `COLUMNS`; None where nothing is known."""
    rows = []
    for rank, row in enumerate(board["rows"], 1):
        found = row["difference"] or {}
        known = {"difference": found.get("mean"), **{key: found.get(key) for key in ("low", "high", "p", "verdict")}}
        rows.append({"rank": rank, "group": names[row["group"]], **{key: row[key] for key in ("n", "mean", "sd")}, **known})
    return rows


def as_csv(rows: list[dict[str, Any]]) -> str:
    """One line a row. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def as_json(rows: list[dict[str, Any]]) -> str:
    """A list of objects."""
    return json.dumps(finite(rows), indent=2, ensure_ascii=False) + "\n"


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """A table in the paper's style; the best is bold."""
    body = [_cells(row, lambda text: text.replace("|", r"\|"), "**{}**") for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in (HEADINGS, ("---",) * len(HEADINGS), *body))


def as_latex(rows: list[dict[str, Any]]) -> str:
    """A tabular in the paper's style, for the package booktabs; the best is bold."""
    head, *body = (" & ".join(line) for line in (map(_latex, HEADINGS), *(_cells(row, _latex, r"\textbf{{{}}}") for row in rows)))
    lines = [r"\begin{tabular}{lrrrrrl}", r"\toprule", rf"{head} \\", r"\midrule", *(rf"{line} \\" for line in body)]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


FORMATS: dict[Ending, Callable[[list[dict[str, Any]]], str]] = {
    "csv": as_csv,
    "json": as_json,
    "md": as_markdown,
    "tex": as_latex,
}
"""How a table is written, by the ending of its file."""


def _cells(row: dict[str, Any], escape: Callable[[str], str], bold: str) -> list[str]:
    """What people read of a row."""
    spread = "" if row["sd"] is None else f" ± {100 * row['sd']:.2f}"
    cells = [
        str(row["group"]),
        str(row["n"]),
        "–" if row["mean"] is None else f"{100 * row['mean']:.2f}{spread}",
        "–" if row["difference"] is None else _signed(row["difference"]),
        "–" if row["low"] is None else f"{_signed(row['low'])} to {_signed(row['high'])}",
        "–" if row["p"] is None else f"{row['p']:.2g}",
        row["verdict"] or "the others are compared with it",
    ]
    is_best = row["rank"] == 1 and row["mean"] is not None
    return [bold.format(escape(cell)) if is_best and at in (0, 2) else escape(cell) for at, cell in enumerate(cells)]


def _signed(fraction: float) -> str:
    return f"{'−' if fraction < 0 else '+'}{abs(100 * fraction):.2f}"


def _latex(text: str) -> str:
    plain = text.replace("\\", "/").translate(_SPECIAL)
    for sign, command in _SIGNS.items():
        plain = plain.replace(sign, command)
    return plain


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
