"""The routes of the page Compare."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from engine.errors import Refused
from engine.runs.run import Run
from studio.figures import FIGURES
from studio.figures.plane import plane
from studio.queries.comparison import compare
from studio.queries.group_names import group_names
from studio.queries.importance import importance_of_runs
from studio.queries.listing import Entry, Listing
from studio.queries.overlay import overlay
from studio.queries.plane import measure_plane
from studio.queries.run_table import run_table
from studio.report.page import report
from studio.report.tables import FORMATS, records
from studio.web.json_route import described, json_router
from studio.web.models import CompareRequest, FigureRequest, MadeFile, RunSelection, TableRequest

AS_THEY_COME = {"content-encoding": "identity", "cache-control": "no-store", "x-accel-buffering": "no"}
"""Lines that are packed or kept back on the way would all be there at the end."""


def comparison_routes(listing: Listing, runs: Path, data: Path) -> APIRouter:
    """GET /api/compare; POST /api/compare and below it curves, importance, table, figure, plane and report."""
    api, measuring = json_router("/api/compare"), Lock()

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

    @api.post("/figure", responses=described("A figure of Plotly's"))
    def figure(given: FigureRequest) -> Response:
        """A figure of the paper, drawn of the given runs."""
        _, draw = FIGURES[given.number]
        return _answer(draw([entry for entry in selected(given) if entry.is_whole]))

    @api.post("/plane", responses=described("Lines of JSON: the share that is done, and at last a figure of Plotly's"))
    def shared_plane(given: RunSelection) -> StreamingResponse:
        """The given runs, each at its newest checkpoint, on one loss surface."""
        runs_here = [entry.run for entry in selected(given) if entry.is_whole]
        told = measure_plane([(run, None) for run in runs_here], data)
        lines = _alone(measuring, _plane_lines(told, runs_here))
        return StreamingResponse(lines, media_type="application/x-ndjson", headers=AS_THEY_COME)

    @api.post("/report")
    def report_file(given: CompareRequest) -> MadeFile:
        """Everything about the given runs as one HTML page."""
        return MadeFile(content=report(selected(given), given.reference, runs, data))

    return api


def _plane_lines(told: Iterable[dict[str, Any]], runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """How much is done, and at last what is to be drawn, or what was wrong."""
    try:
        for one in told:
            yield {"figure": plane(one["found"], runs)} if "found" in one else one
    except Refused as error:
        yield {"problems": [{"what": str(problem), "cure": ""} for problem in error.problems]}


def _alone(lock: Lock, lines: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Lines of JSON, made while nobody else has the lock."""
    if not lock.acquire(blocking=False):
        yield _line({"problems": [{"what": "Another plane is being measured", "cure": "Wait until it is there"}]})
        return
    try:
        yield from map(_line, lines)
    finally:
        lock.release()


def _line(content: Any) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def _answer(content: Any) -> Response:
    return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")
