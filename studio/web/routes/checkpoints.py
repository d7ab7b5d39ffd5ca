"""The routes of a run's checkpoints, and of the runs that are made from them."""

from pathlib import Path

from fastapi import APIRouter

from engine.errors import Problem, Refused
from engine.launch.queue import Queue
from engine.runs import checkpoints
from engine.runs.lineage import fork, is_left, replay
from engine.runs.run import Run
from studio.web.json_route import json_router
from studio.web.models import CheckpointRequest, CheckpointRow, ForkRequest, NewRuns


def checkpoint_routes(runs: Path, data: Path) -> APIRouter:
    """GET checkpoints, POST fork, replay, pin and unpin, each below /api/runs/{run_id}."""
    api = json_router("/api/runs/{run_id}")

    @api.get("/checkpoints")
    def list_checkpoints(run_id: str) -> list[CheckpointRow]:
        """The run's checkpoints by step."""
        return rows(Run.open(runs, run_id))

    @api.post("/fork")
    def begin_forks(run_id: str, given: ForkRequest) -> NewRuns:
        """Train on from a checkpoint, in a run for each method."""
        return _begin(fork(Run.open(runs, run_id), given.step, given.methods))

    @api.post("/replay")
    def begin_replay(run_id: str) -> NewRuns:
        """Train the run again, live changes included."""
        return _begin([replay(Run.open(runs, run_id))])

    @api.post("/pin")
    def pin(run_id: str, given: CheckpointRequest) -> list[CheckpointRow]:
        """Keep a checkpoint whatever comes."""
        _checkpoint(Run.open(runs, run_id), given.step).pin.touch()
        return rows(Run.open(runs, run_id))

    @api.post("/unpin")
    def unpin(run_id: str, given: CheckpointRequest) -> list[CheckpointRow]:
        """Let a checkpoint be removed again."""
        _checkpoint(Run.open(runs, run_id), given.step).pin.unlink(missing_ok=True)
        return rows(Run.open(runs, run_id))

    def _begin(made: list[Run]) -> NewRuns:
        queue = Queue(runs)
        queue.add(*made)
        queue.advance(data)
        return NewRuns(runs=[run.id for run in made])

    return api


def rows(run: Run) -> list[CheckpointRow]:
    """The run's checkpoints by step: size, test accuracy where measured there, whether steps are left, and why it stays."""
    accuracies, status = run.records.accuracies(), run.records.status()
    sizes = {one: size for one in checkpoints.checkpoints(run.path / "checkpoints") if (size := one.size) is not None}
    found = list(sizes)
    best = checkpoints.best(found, accuracies)
    return [
        CheckpointRow(
            step=one.step,
            bytes=sizes[one],
            accuracy=accuracies.get(one.step),
            left=is_left(status, one.step),
            newest=one in found[-checkpoints.NEWEST :],
            best=one.step == best,
            pinned=one.pin.exists(),
        )
        for one in found
    ]


def _checkpoint(run: Run, step: int) -> checkpoints.Checkpoint:
    there = {found.step: found for found in checkpoints.checkpoints(run.path / "checkpoints")}
    if step not in there:
        raise Refused(Problem("step", f"{run.id} has no such checkpoint", f"There are those of {', '.join(map(str, there))}"))
    return there[step]
