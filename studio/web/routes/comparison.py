"""The routes of the page Compare."""

from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from studio.queries.comparison import compare
from studio.queries.group_names import group_names
from studio.queries.importance import importance_of_runs
from studio.queries.listing import Entry, Listing
from studio.queries.overlay import overlay
from studio.queries.run_table import run_table
from studio.report.page import report
from studio.report.tables import FORMATS, records
from studio.web.json_route import described, json_router
from studio.web.models import CompareRequest, MadeFile, RunSelection, TableRequest


def comparison_routes(listing: Listing, runs: Path, data: Path) -> APIRouter:
    """GET /api/compare; POST /api/compare and below it curves, table and report."""
    api = json_router("/api/compare")

    def selected(wanted: RunSelection) -> list[Entry]:
        names = set(wanted.runs)
        return [entry for entry in listing.entries() if entry.run.id in names]

    @api.get("", responses=described("Columns, and every run as a row"))
    def table() -> Response:
        """Every run, with the fields in which the runs differ."""
        return _answer(run_table(listing.entries()))

    @api.post("", responses=described("Boards at equal costs, with differences paired by seed"))
    def compared(given: CompareRequest) -> Response:
        """Rank the groups of the given runs; a run that is not here is passed over."""
        return _answer(compare(selected(given), given.reference))

    @api.post("/curves", responses=described("Lines of curves"))
    def curves(given: RunSelection) -> Response:
        """The curves of the given runs, a group of seeds as one."""
        return _answer({"lines": overlay(selected(given))})

    @api.post("/importance")
    def importance(given: RunSelection) -> dict[str, float]:
        """How much of the spread of accuracies each field explains (fANOVA), among the runs of the method that most have."""
        return importance_of_runs(selected(given))

    @api.post("/table")
    def table_file(given: TableRequest) -> MadeFile:
        """A ranking of the groups of the given runs, as a file with an ending."""
        entries = selected(given)
        board = compare(entries, given.reference)["boards"][given.cost]
        return MadeFile(content=FORMATS[given.ending](records(board, group_names(entries))))

    @api.post("/report")
    def report_file(given: CompareRequest) -> MadeFile:
        """Everything about the given runs as one HTML page."""
        return MadeFile(content=report(selected(given), given.reference, runs, data))

    return api


def _answer(content: Any) -> Response:
    return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")
