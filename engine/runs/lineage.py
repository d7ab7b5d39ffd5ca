"""Lineage: runs that are made from other runs."""

from collections.abc import Sequence

from engine.errors import Problem, Refused
from engine.experiment.live_changes import replay_until
from engine.experiment.overrides import merge
from engine.experiment.schema import UNIONS, Experiment, read
from engine.files.atomic import write_atomically
from engine.runs.checkpoints import Checkpoint, checkpoints
from engine.runs.own_images import hand_on
from engine.runs.reader import DATABASE
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer


def replay(run: Run) -> Run:
    """A new run beside `run` that makes the same training again, each change at the step at which it was made.

    On the CPU it passes through bitwise the same weights. It goes on to the end also where `run` was stopped before.
    """
    changes = [event for event in run.records.events() if event.kind == "changed"]
    again = Run.create(run.path.parent, _as_it_ran(run))
    hand_on(run, again)
    with again.lock():
        writer = Writer(again.path / DATABASE)
        writer.event(0, "replay", of=run.id)
        for event in changes:
            writer.event(event.step, "changed", **{**event.data, "id": None})
        writer.flush(again.records.status())
        writer.close()
    return again


def _as_it_ran(run: Run) -> Experiment:
    """The experiment as it began, with the way of running gradients that was found to be the faster one."""
    way = run.records.status().streams.partition(":")[0]
    return read(merge(run.experiment.model_dump(), {"runtime": {"streams": way}} if way else {}))


def fork(run: Run, step: int, methods: Sequence[str] = ()) -> list[Run]:
    """New runs beside `run` that start from its checkpoint of `step`: one with its own settings, or one for each method.

    All start from the same weights, optimizer state and random draws. A method that is not the run's own has its
    default settings. The checkpoint is kept from now on. Raises `Refused` if there is no such checkpoint or method, or
    if nothing is left to train from there.
    """
    if unknown := [name for name in methods if name not in UNIONS["method"]]:
        what = f"{unknown[0][:64]!r} is unknown"
        raise Refused(Problem("methods", what, f"Choose from {', '.join(UNIONS['method'])}"))
    there = {found.step: found for found in checkpoints(run.path / "checkpoints")}
    if step not in there:
        cure = f"There are those of {', '.join(map(str, there)) or 'no step'}"
        raise Refused(Problem("step", f"{run.id} has no checkpoint of step {step}", cure))
    if not is_left(run.records.status(), step):
        cure = "Choose an earlier checkpoint, or extend the run first"
        raise Refused(Problem("step", f"nothing is left to train from step {step}, the end of {run.id}", cure))
    there[step].pin.touch()
    if (content := there[step].content()) is None:
        raise Refused(Problem("step", f"the checkpoint {there[step].path.name} is damaged", "Choose another one"))
    return [_forked(run, step, content, str(name)) for name in methods or (run.experiment.method.name,)]


def is_left(status: Status, step: int) -> bool:
    """Whether a run has steps after `step`."""
    return not status.steps or step < status.steps


def _forked(run: Run, step: int, content: bytes, method: str) -> Run:
    config = replay_until(run.experiment, run.records.changes(), step).model_dump()
    if method != config["method"]["name"]:
        config["method"] = {"name": method}
    made = Run.create(run.path.parent, read({**config, "parent": {"run": run.id, "step": step}}))
    hand_on(run, made)
    copy, original = (Checkpoint.of(one.path / "checkpoints", step) for one in (made, run))
    write_atomically(copy.digest, original.digest.read_bytes())
    write_atomically(copy.path, content)
    return made
