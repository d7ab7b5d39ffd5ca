"""Values: from the form to an experiment and back, by dotted path."""

import json
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.errors import Refused
from engine.experiment.dataset_info import training_images
from engine.experiment.image_folder import unreadable
from engine.experiment.paths import settled
from engine.experiment.recipes import find
from engine.experiment.schema import Experiment, differences, read
from engine.experiment.validate import check
from studio.form.choices import alternatives, has_choice, sections
from studio.form.fields import FormField, knobs, top_knobs

MAYBE = {"as usual": None, "yes": True, "no": False}
"""What the three answers to an optional yes-or-no mean."""

FIRST = "demo"
"""The recipe on which the form opens, so that the first training shows what the methods are about."""

Values = dict[str, Any]


def paths() -> tuple[str, ...]:
    """Every value of the form, in the order in which it is shown."""
    found = [knob.path for knob in top_knobs()]
    for section in sections():
        found += [f"{section}.name"] if has_choice(section) else []
        found += [knob.path for knob in knobs(section)]
    return tuple(found)


def to_config(values: Values) -> dict[str, Any]:
    """The configuration that the form describes: of each section only what belongs to its choice."""
    config: dict[str, Any] = {knob.key: values[knob.path] for knob in top_knobs()}
    for section in sections():
        member = values[f"{section}.name"] if has_choice(section) else ""
        config[section] = {"name": member} if member else {}
        for knob in knobs(section):
            if member in knob.fields and not _left_out(knob, member, values[knob.path]):
                config[section][knob.key] = _meant(knob, values[knob.path])
    return config


def to_values(experiment: Experiment) -> Values:
    """What the form shows for an experiment; knobs that its choices do not have get their default."""
    config = experiment.model_dump()
    values: Values = {knob.path: config[knob.key] for knob in top_knobs()}
    for section in sections():
        if has_choice(section):
            values[f"{section}.name"] = config[section]["name"]
        for knob in knobs(section):
            values[knob.path] = _shown(knob, config[section].get(knob.key, knob.default()))
    return values


def defaults(section: str, member: str) -> Values:
    """The values of a section's knobs before anybody touches them."""
    return {knob.path: _shown(knob, knob.default(member)) for knob in knobs(section)}


def switched(section: str, before: str, after: str, values: Values) -> Values:
    """The values of a section's knobs once another alternative is chosen.

    What somebody changed stays where it means the same, that is, where both alternatives have the same
    default and the value is allowed; everything else takes the default of the new choice.
    """
    found = defaults(section, after)
    for knob in knobs(section):
        shared = before in knob.fields and after in knob.fields and knob.default(before) == knob.default(after)
        if shared and knob.accepts(after, _meant(knob, values[knob.path])):
            found[knob.path] = values[knob.path]
    return found


def examine(values: Values, data: Path) -> tuple[Experiment | None, Refused | None]:
    """The experiment in the form if there is one, and what keeps it from being started."""
    try:
        experiment = settled(read(to_config(values)))
    except Refused as refused:
        return None, refused
    try:
        check(experiment, data)
        training_images(experiment.data)
    except Refused as refused:
        return experiment, refused
    except OSError as error:
        return experiment, Refused(unreadable(error))
    return experiment, None


def command(experiment: Experiment, runs: Path, data: Path) -> str:
    """The shell command that trains exactly this, in the same folders."""
    changes = [f"--set {shlex.quote(f'{path}={_literal(value)}')}" for path, value in differences(experiment).items()]
    folders = [f"--{name} {shlex.quote(str(path))}" for name, path in (("runs", runs), ("data", data)) if path != Path(name)]
    return " ".join(["rwp-studio train", *changes, *folders])


def initial() -> Values:
    """The form before anybody touches it."""
    return to_values(find(FIRST).experiment())


def restored(kept: str) -> Values:
    """The form as a page kept it, in JSON: what is not there any more, or not allowed any more, is as at first."""
    try:
        given = json.loads(kept)
    except (ValueError, RecursionError):
        given = None
    return _allowed(given) if isinstance(given, dict) else initial()


def _allowed(given: dict[str, Any]) -> Values:
    found = initial()
    for knob in top_knobs():
        found |= _if_allowed(knob, "", given)
    for section in sections():
        member = found.get(f"{section}.name", "")
        chosen = given.get(f"{section}.name", member)
        if chosen != member and chosen in tuple(alternatives(section)):
            member = found[f"{section}.name"] = chosen
            found |= defaults(section, member)
        for knob in knobs(section):
            found |= _if_allowed(knob, member, given)
    return found


def _if_allowed(knob: FormField, member: str, given: dict[str, Any]) -> Values:
    value = given.get(knob.path)
    if member not in knob.fields or not isinstance(value, (str, bool, int, float)):
        return {}
    can_be_meant = knob.kind != "maybe" or value in MAYBE
    return {knob.path: value} if can_be_meant and knob.accepts(member, _meant(knob, value)) else {}


def _left_out(knob: FormField, member: str, value: Any) -> bool:
    return value in (None, "") and knob.fields[member].is_required()


def _meant(knob: FormField, shown: Any) -> Any:
    match knob.kind:
        case "maybe":
            return MAYBE.get(shown, shown)
        case "blank":
            return _number(str(shown).strip())
        case _:
            return shown


def _shown(knob: FormField, meant: Any) -> Any:
    match knob.kind:
        case "maybe":
            return next(answer for answer, value in MAYBE.items() if value is meant)
        case "blank" | "text":
            return "" if meant is None else str(meant)
        case _:
            return meant


def _number(text: str) -> int | float | str | None:
    """The number that `text` is; nothing if it is empty, and itself if it is no number, for the schema to refuse."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text or None


def _literal(value: Any) -> str:
    """`value` so that the command line reads the same back: JSON, and bare words where they are no JSON."""
    text = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return text
    try:
        json.loads(value)
    except ValueError:
        return value
    return text
