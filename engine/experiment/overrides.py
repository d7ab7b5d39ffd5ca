"""Configurations as plain tables: read from a file or a command line, and laid over each other."""

import json
from pathlib import Path
from typing import Any

from engine.errors import Problem, Refused


def read_file(path: Path) -> dict[str, Any]:
    """The JSON object in `path`, not yet checked. Raises `Refused` if there is none."""
    try:
        config = strict(path.read_text(encoding="utf-8-sig"))
    except RecursionError:
        raise Refused(Problem(str(path), "is nested too deeply", "See `rwp-studio schema`")) from None
    except (OSError, ValueError) as error:
        raise Refused(Problem(str(path), f"cannot be read: {error}", "Give the path of a JSON file")) from None
    if not isinstance(config, dict):
        raise Refused(Problem(str(path), "holds no JSON object", "See `rwp-studio schema`"))
    return config


def override(config: dict[str, Any], assignment: str) -> dict[str, Any]:
    """`config` with one "path.to.field=value" applied; the value is JSON, or else a plain string."""
    path, equals, text = assignment.partition("=")
    if not equals or not path:
        raise Refused(Problem("--set", f"{assignment!r} is not of the form field=value"))
    try:
        value = strict(text)
    except ValueError:
        value = text
    return merge(config, nested(path, value))


def strict(text: str) -> Any:
    """What stands in JSON. Raises `Refused` where an object has one key twice, of which no reader knows which is meant."""
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        key = next(key for at, (key, _) in enumerate(pairs) if key in dict(pairs[:at]))
        raise Refused(Problem(key[:64], "stands there twice", "Remove one of them"))
    return found


def nested(path: str, value: object) -> dict[str, Any]:
    """The configuration that sets nothing but the field of a dotted path."""
    head, _, rest = path.partition(".")
    return {head: nested(rest, value) if rest else value}


def merge(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`config` with `changes` laid over it, section by section."""
    merged = dict(config)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
