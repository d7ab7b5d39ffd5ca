"""History of live changes. Runs whose histories are equal differ in nothing but their seed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from engine.experiment.live_changes import Change
from engine.experiment.schema import Experiment, Parent
from engine.fields import flat


@dataclass(frozen=True)
class History:
    """What a run began with, and what was changed before which of its steps."""

    settings: str
    parent: Parent | None
    changes: tuple[Change, ...]

    @classmethod
    def of(cls, begun: Experiment, log: Iterable[Change], step: int) -> "History":
        """The history of `step` steps of a run that began as `begun` and was changed as `log` tells."""
        settings = begun.group.model_copy(update={"parent": None}).model_dump_json()
        return cls(settings, begun.parent, tuple(_effective(begun, log, step)))

    def until(self, step: float) -> list[Change]:
        """The changes that one of the first `step` steps was taken with."""
        return [change for change in self.changes if change.step < step]


def _effective(begun: Experiment, log: Iterable[Change], step: int) -> Iterable[Change]:
    """Of all that the log tells, what a step was taken with: not what was set anew before the next one, or set as it was."""
    in_force = flat(begun.model_dump())
    set_last = {(change.step, change.path): change for change in log if change.step < step}
    for change in sorted(set_last.values(), key=lambda one: one[:2]):
        if in_force.get(change.path) != change.new:
            yield change
        in_force[change.path] = change.new


def groups(histories: Mapping[str, History]) -> dict[str, str]:
    """By run, a name that it shares with the runs of equal history. That of a fork begins with its parent's, if that is here."""
    return {run: _digest(run, histories) for run in histories}


def _digest(run: str, histories: Mapping[str, History]) -> str:
    told: list[object] = []
    until, seen = float("inf"), set[str]()
    while (history := histories.get(run)) and run not in seen:
        seen.add(run)
        told += [history.settings, history.until(until)]
        if history.parent is None:
            break
        run, until = history.parent.run, history.parent.step
        told.append(until)
    else:
        told.append(run)
    return blake2b(json.dumps(told).encode(), digest_size=8).hexdigest()
