"""Rankings as files: for programs exact, for people in the paper's style."""

import csv
import json

import pytest

from studio.report.tables import COLUMNS, FORMATS, as_csv, as_json, as_latex, as_markdown, records

BOARD = {
    "budget": None,
    "rows": [
        {
            "group": "b",
            "n": 8,
            "mean": 0.9503,
            "sd": 0.012,
            "difference": {"n": 8, "mean": 0.183, "low": 0.15, "high": 0.21, "p": 0.0390625, "verdict": "better"},
        },
        {"group": "a", "n": 8, "mean": 0.7672, "sd": None, "difference": None},
        {"group": "c", "n": 0, "mean": None, "sd": None, "difference": {"n": 0, "mean": None, "verdict": "no seed in common"}},
    ],
}
NAMES = {"a": "sgd", "b": "m-rwp sigma=0.12", "c": "=HYPERLINK(1)|50% & more_"}
ROWS = records(BOARD, NAMES)


def test_programs_find_every_number() -> None:
    read = list(csv.DictReader(as_csv(ROWS).splitlines()))
    assert tuple(read[0]) == COLUMNS
    assert [float(read[0][key]) for key in ("mean", "sd", "difference", "low", "high", "p")] == [
        0.9503,
        0.012,
        0.183,
        0.15,
        0.21,
        0.0390625,
    ]
    assert read[1]["sd"] == read[1]["difference"] == ""
    assert json.loads(as_json(ROWS)) == ROWS
    assert json.loads(as_json([{"mean": float("nan")}])) == [{"mean": None}]


def test_no_name_is_a_formula() -> None:
    assert list(csv.DictReader(as_csv(ROWS).splitlines()))[2]["group"] == "'" + NAMES["c"]


def test_markdown_is_a_table_whose_best_is_bold() -> None:
    head, rule, first, second, last = as_markdown(ROWS).splitlines()
    assert head.count("|") == rule.count("|") == first.count("|") == 8
    assert first.startswith("| **m-rwp sigma=0.12** | 8 | **95.03 ± 1.20** | +18.30 | +15.00 to +21.00 | 0.039 | better |")
    assert second == "| sgd | 8 | 76.72 | – | – | – | the others are compared with it |"
    assert r"\|50%" in last


def test_latex_holds_nothing_that_it_would_take_for_a_command() -> None:
    lines = as_latex(ROWS).splitlines()
    assert lines[0] == r"\begin{tabular}{lrrrrrl}"
    assert lines[4].startswith(r"\textbf{m-rwp sigma=0.12} & 8 & \textbf{95.03 $\pm$ 1.20} & +18.30")
    assert lines[6].startswith(r"=HYPERLINK(1)|50\% \& more\_ & 0 & -- &")
    assert all(line.endswith(r"\\") for line in lines[4:7])


@pytest.mark.parametrize("ending", FORMATS)
def test_an_empty_ranking_is_a_table_without_rows(ending: str) -> None:
    assert "95" not in FORMATS[ending]([]).replace("95 \\% interval", "").replace("95 % interval", "")  # type: ignore[index]
