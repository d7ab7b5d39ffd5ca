"""The routes of the queue, and of what can be asked of a run."""

from pathlib import Path

from fastapi import APIRouter

from engine.launch import actions
from engine.launch.queue import Queue
from engine.machine import kinds
from engine.runs.run import Run
from studio.web.json_route import json_router
from studio.web.models import ActionRow, AtOnceRequest, MoveRequest, QueuedRun, QueueState


def queue_routes(runs: Path, data: Path) -> APIRouter:
    """GET /api/actions, GET /api/queue, POST /api/queue/move, start and at_once."""
    api = json_router("/api")
    queue = Queue(runs)

    def shown() -> QueueState:
        return QueueState(waiting=[run.id for run in queue.waiting()], at_once=dict.fromkeys(kinds(), 1) | queue.at_once)

    @api.get("/actions")
    def list_actions() -> dict[str, ActionRow]:
        """What can be asked of a run, and in which states."""
        return {name: ActionRow(**row) for name, row in actions.table().items()}

    @api.get("/queue")
    def show() -> QueueState:
        """The runs that wait, in order."""
        return shown()

    @api.post("/queue/move")
    def move(given: MoveRequest) -> QueueState:
        """Put a run that waits at another position."""
        queue.move(Run.open(runs, given.run), given.position)
        return shown()

    @api.post("/queue/start")
    def start(given: QueuedRun) -> QueueState:
        """Start a run that waits although there may be no room for it."""
        queue.start(Run.open(runs, given.run), data)
        return shown()

    @api.post("/queue/at_once")
    def at_once(given: AtOnceRequest) -> QueueState:
        """Let each device of a kind train so many runs at the same time."""
        for kind, count in given.model_dump(exclude_unset=True).items():
            queue.set_at_once(kind, count)
        queue.advance(data)
        return shown()

    return api
