"""The routes of the queue, and of what can be asked of a run."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from engine.errors import Problem, Refused
from engine.launch import actions
from engine.launch.queue import Queue
from engine.machine import kinds
from engine.runs.run import Run
from studio.web.request_body import read_body


def queue_routes(runs: Path, data: Path) -> APIRouter:
    """GET /api/actions, GET /api/queue, POST /api/queue/move, start and at_once."""
    api = APIRouter(prefix="/api")
    queue = Queue(runs)

    def shown() -> dict[str, Any]:
        at_once = dict.fromkeys(kinds(), 1) | queue.at_once
        return {"waiting": [run.id for run in queue.waiting()], "at_once": at_once}

    @api.get("/actions")
    def list_actions() -> dict[str, Any]:
        return actions.table()

    @api.get("/queue")
    def show() -> dict[str, Any]:
        return shown()

    @api.post("/queue/move")
    async def move(request: Request) -> dict[str, Any]:
        given = await read_body(request)

        def do() -> dict[str, Any]:
            _move(runs, given)
            return shown()

        return await run_in_threadpool(do)

    @api.post("/queue/start")
    async def start(request: Request) -> dict[str, Any]:
        given = await read_body(request)

        def do() -> dict[str, Any]:
            queue.start(Run.open(runs, str(given.get("run"))), data)
            return shown()

        return await run_in_threadpool(do)

    @api.post("/queue/at_once")
    async def at_once(request: Request) -> dict[str, Any]:
        given = await read_body(request)

        def do() -> dict[str, Any]:
            for kind, count in given.items():
                queue.set_at_once(kind, count)
            queue.advance(data)
            return shown()

        return await run_in_threadpool(do)

    return api


def _move(runs: Path, given: dict[str, Any]) -> None:
    position = given.get("position")
    if type(position) is not int or position < 0:
        raise Refused(Problem("position", "should be a whole number, counted from 0"))
    Queue(runs).move(Run.open(runs, str(given.get("run"))), position)
