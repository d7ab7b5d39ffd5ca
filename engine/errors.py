"""What people are told when something they asked for cannot be done."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails


@dataclass(frozen=True)
class Problem:
    """Something a person can mend: the field, what is wrong with it, and the cure."""

    field: str
    what: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.advice}" if self.field else self.advice

    @property
    def advice(self) -> str:
        """What is wrong and the cure, for places that show the field beside it."""
        return ". ".join(part for part in (self.what, self.cure) if part)


class Refused(Exception):
    """A request that cannot be carried out, with every problem found in it.

    `remedy` holds the changes of live fields with which a training may go on that this has ended.
    """

    def __init__(self, *problems: Problem, remedy: dict[str, Any] | None = None) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems
        self.remedy = remedy or {}


def explain(error: ValidationError, unions: dict[str, tuple[str, ...]]) -> Refused:
    """The faults of a refused configuration; `unions` gives the choices of each section with a `name`."""
    return Refused(*problems(error.errors(include_url=False), unions))


def problems(faults: Iterable[ErrorDetails], unions: dict[str, tuple[str, ...]] | None = None) -> list[Problem]:
    """What pydantic found, field by field."""
    return [_problem(fault, unions or {}) for fault in faults]


def _problem(fault: ErrorDetails, unions: dict[str, tuple[str, ...]]) -> Problem:
    location = tuple(part for part in fault["loc"] if part != "[key]")
    choices = unions.get(str(location[0]), ()) if location else ()
    tagged = len(location) > 1 and location[1] in choices  # pydantic puts a union member's name into the path
    field = ".".join(str(part) for part in (location[:1] + location[2:] if tagged else location))
    match fault["type"]:
        case "extra_forbidden":
            return Problem(field, "is not a field here", "Remove it, or check its spelling")
        case "missing":
            return Problem(field, "is missing", "Give it a value")
        case "union_tag_not_found":
            return Problem(f"{field}.name", "is missing", f"Choose one of {', '.join(choices)}")
        case "union_tag_invalid":
            return Problem(f"{field}.name", f"{_short(fault['ctx']['tag'])} is unknown", f"Choose one of {', '.join(choices)}")
        case "int_type":
            return Problem(field, f"should be a whole number (got {_short(fault['input'])})")
        case _:
            what = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
            return Problem(field, f"{what} (got {_short(fault['input'])})")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
