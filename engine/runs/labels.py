"""Labels: what people call a run and remember of it, in a file beside the configuration, which never changes."""

import logging
import unicodedata
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, field_validator

from engine.errors import Problem, Refused, explain
from engine.fields import Section
from engine.files.atomic import write_atomically
from engine.files.exclusive import exclusive
from engine.runs.run import Run

log = logging.getLogger(__name__)

FILE = "labels.json"
MOST_TAGS = 20
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=r"^[^,]*$")]

_CURES = {
    "name": "Give at most 120 visible characters on one line",
    "note": "Give at most 4,000 visible characters, spaces and line breaks",
    "tags": f"Give a list of at most {MOST_TAGS} tags of at most 40 visible characters each, without commas",
    "star": "Give true or false",
}
_TURNS_TEXT_ROUND = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Labels(Section):
    """What people call a run and remember of it."""

    name: str = Field("", max_length=120)
    """What to call the run where it is shown; its folder keeps its own name."""
    note: str = Field("", max_length=4000)
    """Anything worth remembering."""
    tags: list[Tag] = Field([], max_length=MOST_TAGS)
    """Words by which runs are found again."""
    star: bool = False
    """Whether the run is one of those that matter."""

    @classmethod
    def cured(cls, problem: Problem) -> Problem:
        field = problem.field.partition(".")[0]
        return replace(problem, cure=_CURES.get(field, f"The labels are {', '.join(_CURES)}"))

    @field_validator("name", "note")
    @classmethod
    def _trimmed(cls, text: str) -> str:
        return text.strip()

    @field_validator("name", "tags")
    @classmethod
    def _on_one_line(cls, value: str | list[str]) -> str | list[str]:
        return _without_controls(value, "")

    @field_validator("note")
    @classmethod
    def _on_many_lines(cls, value: str) -> str | list[str]:
        return _without_controls(value, "\n\t")

    @field_validator("tags")
    @classmethod
    def _each_once(cls, tags: list[str]) -> list[str]:
        return list(dict.fromkeys(tags))


def labels(run: Run) -> Labels:
    """The labels of `run`; none if nobody has given it any, or the file is damaged."""
    try:
        return Labels.model_validate_json(run.read(FILE))
    except FileNotFoundError:
        return Labels()
    except ValidationError:
        log.warning("%s is damaged: the run is shown without its labels", run.path / FILE)
        return Labels()


def relabel(run: Run, changes: dict[str, Any]) -> Labels:
    """Change some labels of `run`, whether it is being trained or not. Raises `Refused` with the fault of each field."""
    with exclusive(run.path / ".labels.lock"):
        changed = read_labels({**labels(run).model_dump(), **changes})
        write_atomically(run.path / FILE, changed.model_dump_json().encode())
    return changed


def read_labels(given: object) -> Labels:
    """The labels that a JSON object describes. Raises `Refused` with the fault and the cure of each field."""
    try:
        return Labels.model_validate(given)
    except ValidationError as error:
        raise Refused(*map(Labels.cured, explain(error, {}).problems)) from None


def _without_controls(value: str | list[str], allowed: str) -> str | list[str]:
    for text in (value,) if isinstance(value, str) else value:
        for character in text:
            if character not in allowed and _is_control(character):
                raise ValueError(f"holds the control character U+{ord(character):04X}")
    return value


def _is_control(character: str) -> bool:
    """Whether a character is not seen itself, but changes how others are: line ends, escapes, turned text, half characters."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS_TEXT_ROUND
