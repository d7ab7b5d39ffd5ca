"""The routes of the browser scripts: the runs, their live stream, arrays, log, and what people ask of them."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from engine.errors import Problem, Refused
from engine.fields import Section
from engine.launch import actions
from engine.launch.actions import ACTIONS, Action
from engine.launch.queue import Queue
from engine.runs.run import Run
from studio.queries import paper_tables, seed_groups
from studio.queries.arrays import read_arrays
from studio.queries.drawing import DrawingReader
from studio.queries.listing import Listing
from studio.queries.live_fields import live_knobs
from studio.stream.hub import Hub
from studio.web.json_route import described, json_router
from studio.web.models import Asked, Drawing, LiveField, Reading, RunRow

LOG_BYTES = 65_536
_TRACE = re.compile(r"step-\d{8,12}\.pt\.trace\.json\.gz")


def run_routes(runs: Path, data: Path, hub: Hub, listing: Listing, reader: DrawingReader) -> APIRouter:
    """Everything below /api, for the runs in one folder."""
    api = json_router("/api")

    @api.get("/runs", response_model=list[RunRow])
    def list_runs() -> list[dict[str, Any]]:
        return listing.rows()

    @api.get("/gallery")
    def gallery() -> list[dict[str, Any]]:
        return paper_tables.tables(listing.entries())

    @api.get("/runs/{run_id}/stream", response_class=StreamingResponse)
    async def stream(run_id: str, request: Request, after: str = "") -> Response:
        cursor = request.headers.get("last-event-id", after)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(hub.stream(Run.open(runs, run_id), cursor), media_type="text/event-stream", headers=headers)

    @api.get("/runs/{run_id}/arrays/{name}", responses=described("The arrays by name, NaN as null"))
    def array(run_id: str, name: str) -> Response:
        return Response(read_arrays(Run.open(runs, run_id), name), media_type="application/json")

    @api.get("/runs/{run_id}/traces/{name}", response_class=StreamingResponse)
    def trace(run_id: str, name: str) -> Response:
        file = trace_file(Run.open(runs, run_id), name)
        headers = {"content-disposition": f'attachment; filename="{run_id}-{name}"', "content-length": str(_size(file))}
        return StreamingResponse(_pieces(file), media_type="application/gzip", headers=headers)

    @api.get("/runs/{run_id}/paper")
    def in_paper(run_id: str) -> dict[str, Any]:
        return paper_tables.beside(Run.open(runs, run_id))

    @api.get("/runs/{run_id}/group", responses=described("The runs that differ in nothing but the seed, and their mean curves"))
    def of_group(run_id: str) -> Response:
        content = seed_groups.summary(listing.members(Run.open(runs, run_id)))
        return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")

    @api.get("/runs/{run_id}/log", response_class=PlainTextResponse)
    def log(run_id: str) -> Response:
        return PlainTextResponse(read_log(Run.open(runs, run_id)))

    @api.post("/runs/{run_id}/read", response_model=Reading)
    def read_drawing(run_id: str, given: Drawing) -> dict[str, Any]:
        """What the network of the run says of a drawing, at the weights of its newest checkpoint."""
        return reader.read(Run.open(runs, run_id), given.ink)

    @api.get("/runs/{run_id}/live", response_model=list[LiveField])
    def live(run_id: str) -> list[dict[str, Any]]:
        return live_knobs(Run.open(runs, run_id))

    for name, action in ACTIONS.items():
        api.post(f"/runs/{{run_id}}/{name}", summary=action.text)(_asking(runs, data, name, action))

    @api.post("/runs/{run_id}/{action}", include_in_schema=False)
    def unknown(run_id: str, action: str) -> None:
        actions.ask(Run.open(runs, run_id), action, {})

    return api


def _asking(runs: Path, data: Path, name: str, action: Action) -> Callable[..., Asked]:
    arguments = action.arguments

    def ask(run_id: str, given: arguments) -> Asked:  # type: ignore[valid-type]
        asked = actions.ask(Run.open(runs, run_id), name, Section.model_dump(given, exclude_unset=True))
        Queue(runs).advance(data)
        return Asked(done=name, id=asked)

    return ask


def trace_file(run: Run, name: str) -> BinaryIO:
    """One of the run's traces."""
    try:
        return run.file(f"traces/{name if _TRACE.fullmatch(name) else '.'}")
    except FileNotFoundError:
        cure = "Record one while the run trains"
        raise Refused(Problem("trace", f"{run.id} has no trace {name[:64]!r}", cure)) from None


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(LOG_BYTES):
            yield piece


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def read_log(run: Run) -> str:
    """The end of what the engine printed."""
    try:
        log = run.file("engine.log")
    except FileNotFoundError:
        return "The engine has not been started.\n"
    with log as file:
        file.seek(max(0, _size(file) - LOG_BYTES))
        return file.read(LOG_BYTES).decode(errors="replace") or "The engine has printed nothing.\n"
