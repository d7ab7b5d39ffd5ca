"""Actions: what can be asked of a run, and in which states that makes sense."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field, JsonValue, ValidationError

from engine.errors import Problem, Refused, explain
from engine.experiment.live_changes import apply_checked, parse_changes
from engine.experiment.probes import PROBES
from engine.fields import Section
from engine.launch.queue import Queue
from engine.runs.run import Run
from engine.runs.status import ACTIVE, State

ENDED: tuple[State, ...] = ("finished", "stopped", "diverged", "failed", "interrupted")
BROKEN_OFF: tuple[State, ...] = ("stopped", "diverged", "failed", "interrupted")


class Arguments(Section):
    """What is given with an action: nothing."""


class PaceArguments(Arguments):
    """How slow the motion is."""

    per_second: float | None = Field(None, gt=0, le=1000)
    """Steps a second at most; null is full speed."""


class StepArguments(Arguments):
    """How far it goes."""

    until: int | None = Field(None, ge=0)
    """How many steps will have been taken in all when it pauses again; null is one more."""


class SetArguments(Arguments):
    """What is to change."""

    changes: dict[str, JsonValue] = Field(min_length=1)
    """A value for each dotted path of a live field."""


class ExtendArguments(Arguments):
    """How long to train."""

    epochs: int
    """Epochs in all."""


@dataclass(frozen=True)
class Action:
    """Something that can be asked of a run."""

    states: tuple[State, ...]
    """In which states it can be asked."""
    text: str
    """What it does."""
    arguments: type[Arguments] = Arguments
    """What is given with it."""


ACTIONS = {
    "pause": Action(("running",), "Take no more steps for now; measurements go on"),
    "step": Action(("running", "paused"), "Pause, and take one step, or those `until` so many are taken", StepArguments),
    "pace": Action(("running", "paused"), "Slow motion: at most `per_second` steps a second; null is full speed", PaceArguments),
    "resume": Action(("paused", *BROKEN_OFF), "Go on from here, or from the newest checkpoint"),
    "stop": Action(("queued", "starting", "loading", "running", "paused", "measuring"), "Save a checkpoint and end"),
    "checkpoint": Action(("running", "paused"), "Save a checkpoint now"),
    "evaluate": Action(("running", "paused"), "Evaluate on the test set now"),
    **{name: Action(("running", "paused", "finished"), text) for name, text in PROBES.items()},
    "trace": Action(("running", "paused"), "Record what the next ten steps do, for Perfetto or TensorBoard"),
    "set": Action(
        ("queued", "running", "paused", "measuring", *BROKEN_OFF), "Change live fields from the next step on", SetArguments
    ),
    "extend": Action(
        ("running", "paused", "measuring", *ENDED),
        "Train for `epochs` in all; the schedules are stretched over them, so that a learning rate at its end rises again",
        ExtendArguments,
    ),
}


def table() -> dict[str, dict[str, Any]]:
    """The actions as plain data."""
    return {name: {"states": action.states, "text": action.text} for name, action in ACTIONS.items()}


def ask(run: Run, name: str, given: dict[str, Any]) -> str:
    """Leave what somebody asks of `run` for its engine, or put the run into the queue for a new one.

    Returns the id that the answering event will carry; empty if nothing is left to be answered. Raises `Refused` if
    it cannot be done, as far as that can be told without the engine.
    """
    if (action := ACTIONS.get(name)) is None:
        raise Refused(Problem("action", f"{name[:64]!r} is unknown", f"Ask for one of {', '.join(ACTIONS)}"))
    try:
        action.arguments.model_validate(given)
    except ValidationError as error:
        raise explain(error, {}) from None
    state = run.status().state
    if state not in action.states:
        raise Refused(Problem("action", f"{name} makes no sense for a run that is {state}"))
    queue = Queue(run.path.parent)
    if name == "stop" and state == "queued":
        queue.remove(run)
        return ""
    left = "" if name == "resume" and state != "paused" else _leave(run, name, given)
    if name in ("resume", "extend", *PROBES) and state not in ACTIVE:
        run.welcome()
        queue.add(run)
    return left


def _leave(run: Run, name: str, given: dict[str, Any]) -> str:
    if name not in ("set", "extend"):
        return run.commands.send(name, **given)
    changes = parse_changes(given.get("changes") if name == "set" else {"schedule.epochs": given.get("epochs")})
    apply_checked(run.present, changes)
    return run.commands.send("set", changes=changes)
