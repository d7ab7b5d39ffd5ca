"""The types of what the routes take and answer, for the browser scripts: `python -m tests.typescript` writes them anew."""

import inspect
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from engine.fields import Section
from engine.runs.status import Status
from studio.web import models

FILE = Path(__file__).parents[1] / "assets" / "ui" / "types.d.ts"
HEAD = "// Written by `python -m tests.typescript` from the models of the routes; not to be changed by hand.\n"
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null", "object": "object"}


def document() -> str:
    """The declarations of all models, in the order of their names."""
    declared = [one for _, one in inspect.getmembers(models, inspect.isclass) if issubclass(one, BaseModel)]
    chosen = [one for one in declared if one not in (BaseModel, Section, models.Answer)]
    _, schema = models_json_schema([(one, "serialization") for one in (*chosen, Status)])
    return HEAD + "".join(_interface(name, one) for name, one in sorted(schema["$defs"].items()))


def _interface(name: str, schema: dict[str, Any]) -> str:
    lines = []
    for field, kind in schema.get("properties", {}).items():
        told = f"  /** {' '.join(kind['description'].split())} */\n" if "description" in kind else ""
        lines.append(f"{told}  {field}: {_type(kind)};\n")
    return f"\ninterface {name} {{\n{''.join(lines)}}}\n"


def _type(schema: dict[str, Any]) -> str:
    match schema:
        case {"$ref": ref}:
            return str(ref.rpartition("/")[2])
        case {"enum": values}:
            return " | ".join(f'"{value}"' for value in values)
        case {"anyOf": kinds}:
            return " | ".join(map(_type, kinds))
        case {"prefixItems": kinds}:
            return f"[{', '.join(map(_type, kinds))}]"
        case {"type": "array", "items": kind}:
            return f"{_type(kind)}[]" if "anyOf" not in kind and "enum" not in kind else f"({_type(kind)})[]"
        case {"type": "object", "additionalProperties": dict(kind)}:
            return f"Record<string, {_type(kind)}>"
        case {"type": kind}:
            return PLAIN[kind]
    return "any"


if __name__ == "__main__":
    FILE.write_text(document(), "utf-8")
