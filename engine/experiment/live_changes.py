"""Live changes: which fields may change while a run trains, and how a change is parsed, checked and replayed."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from engine.errors import Problem, Refused
from engine.experiment import distributed_checks
from engine.experiment.overrides import merge, nested
from engine.experiment.schema import Experiment, read
from engine.experiment.validate import sizes
from engine.fields import Section


class Change(NamedTuple):
    """The field `path` got the value `new` before the step that follows `step`."""

    step: int
    path: str
    new: Any


def live_paths(experiment: Experiment) -> tuple[str, ...]:
    """The fields of `experiment`, by dotted path, that may change while it trains."""
    found = []
    for section, value in experiment:
        for name, field in type(value).model_fields.items() if isinstance(value, Section) else ():
            shown = field.json_schema_extra
            if isinstance(shown, dict) and shown.get("live"):
                found.append(f"{section}.{field.alias or name}")
    return tuple(found)


def value_at(experiment: Experiment, path: str) -> Any:
    """The value of the field that `path` names."""
    section, _, name = path.partition(".")
    return experiment.model_dump()[section][name]


def parse_changes(changes: object) -> dict[str, Any]:
    """What somebody wants changed: a value for each dotted path. Raises `Refused` if it is anything else."""
    if not isinstance(changes, dict) or not changes:
        raise Refused(Problem("changes", "should be an object with a value for each field", 'For example {"method.sigma": 0.02}'))
    return {str(path): value for path, value in changes.items()}


def apply_checked(experiment: Experiment, changes: dict[str, Any]) -> Experiment:
    """`experiment` with new values for some dotted paths. Raises `Refused` if one is not live, out of range or does not fit."""
    found = apply_changes(experiment, changes)
    if problems := [*sizes(found), *distributed_checks.problems(found)]:
        raise Refused(*problems)
    return found


def apply_changes(experiment: Experiment, changes: dict[str, Any]) -> Experiment:
    """The same with changes of a log, which may fit each other only when all of a step are made."""
    allowed = live_paths(experiment)
    if fixed := [path for path in changes if path not in allowed]:
        cure = f"These can: {', '.join(allowed)}"
        raise Refused(*(Problem(path[:64], "cannot change while this run trains", cure) for path in fixed))
    config = experiment.model_dump()
    for path, value in changes.items():
        config = merge(config, nested(path, value))
    return read(config)


def replay_until(experiment: Experiment, log: Iterable[Change], step: int) -> Experiment:
    """`experiment` as it stood before the step that follows `step`, with what `log` tells to have changed until then."""
    in_force = {change.path: change.new for change in log if change.step <= step}
    return apply_changes(experiment, in_force) if in_force else experiment
