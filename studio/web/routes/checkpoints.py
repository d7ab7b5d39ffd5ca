"""The routes of a run's checkpoints, and of the runs that are made from them."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from engine.errors import Problem, Refused
from engine.launch.queue import Queue
from engine.runs import checkpoints
from engine.runs.lineage import fork, is_left, replay
from engine.runs.run import Run
from studio.web.request_body import read_body


def checkpoint_routes(runs: Path, data: Path) -> APIRouter:
    """GET checkpoints, POST fork, replay, pin and unpin, each below /api/runs/{run_id}."""
    api = APIRouter(prefix="/api/runs/{run_id}")

    @api.get("/checkpoints")
    def list_checkpoints(run_id: str) -> list[dict[str, Any]]:
        return rows(Run.open(runs, run_id))

    @api.post("/fork")
    async def begin_forks(run_id: str, request: Request) -> dict[str, list[str]]:
        given = await read_body(request)
        methods = given.get("methods", [])
        if not isinstance(methods, list):
            raise Refused(Problem("methods", "should be a list of names of methods"))
        return await run_in_threadpool(lambda: _begin(fork(Run.open(runs, run_id), given.get("step"), methods)))

    @api.post("/replay")
    def begin_replay(run_id: str) -> dict[str, list[str]]:
        return _begin([replay(Run.open(runs, run_id))])

    @api.post("/pin")
    async def pin(run_id: str, request: Request) -> list[dict[str, Any]]:
        found = _checkpoint(Run.open(runs, run_id), await read_body(request))
        found.pin.touch()
        return rows(Run.open(runs, run_id))

    @api.post("/unpin")
    async def unpin(run_id: str, request: Request) -> list[dict[str, Any]]:
        found = _checkpoint(Run.open(runs, run_id), await read_body(request))
        found.pin.unlink(missing_ok=True)
        return rows(Run.open(runs, run_id))

    def _begin(made: list[Run]) -> dict[str, list[str]]:
        queue = Queue(runs)
        queue.add(*made)
        queue.advance(data)
        return {"runs": [run.id for run in made]}

    return api


def rows(run: Run) -> list[dict[str, Any]]:
    """The run's checkpoints by step: size, test accuracy where measured there, whether steps are left, and why it stays."""
    accuracies, status = run.records.accuracies(), run.records.status()
    sizes = {one: size for one in checkpoints.checkpoints(run.path / "checkpoints") if (size := one.size) is not None}
    found = list(sizes)
    best = checkpoints.best(found, accuracies)
    return [
        {
            "step": one.step,
            "bytes": sizes[one],
            "accuracy": accuracies.get(one.step),
            "left": is_left(status, one.step),
            "newest": one in found[-checkpoints.NEWEST :],
            "best": one.step == best,
            "pinned": one.pin.exists(),
        }
        for one in found
    ]


def _checkpoint(run: Run, given: dict[str, Any]) -> checkpoints.Checkpoint:
    there = {found.step: found for found in checkpoints.checkpoints(run.path / "checkpoints")}
    step = given.get("step")
    if type(step) is not int or step not in there:
        raise Refused(Problem("step", f"{run.id} has no such checkpoint", f"There are those of {', '.join(map(str, there))}"))
    return there[step]
