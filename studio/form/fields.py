"""Form fields: the fields of an experiment, section by section, as a form needs them."""

from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from engine.experiment.schema import Experiment
from studio.form.choices import alternatives, sections

Kind = Literal["choice", "switch", "maybe", "slider", "whole", "number", "blank", "text"]
"""`maybe` is an optional yes or no, `blank` an optional number."""


@dataclass(frozen=True)
class FormField:
    """One field, under one name, of one section or of several of its alternatives."""

    section: str
    """Section it belongs to; empty for a field of the experiment itself."""
    key: str
    """Its name in JSON."""
    fields: dict[str, FieldInfo]
    """Its definition by alternative; the name is "" where a section has none."""

    @property
    def path(self) -> str:
        return f"{self.section}.{self.key}" if self.section else self.key

    @property
    def first(self) -> FieldInfo:
        return next(iter(self.fields.values()))

    def field(self, member: str) -> FieldInfo:
        """Its definition for one alternative, or any if that alternative does not have it."""
        return self.fields.get(member, self.first)

    @property
    def label(self) -> str:
        return f"{_shown(self.first).get('symbol', '')} {self.key.replace('_', ' ')}".strip()

    @property
    def short(self) -> str:
        """Its sign in the paper, or else its name."""
        return _shown(self.first).get("symbol") or self.label

    @property
    def step(self) -> float | None:
        """Spacing of its slider; None if it has none."""
        return _shown(self.first).get("step")

    def log_from(self, member: str) -> float | None:
        """From where on its slider on a running run is logarithmic; None if it is not."""
        return _shown(self.field(member)).get("log_from")

    @property
    def is_advanced(self) -> bool:
        return all(_shown(field).get("advanced", False) for field in self.fields.values())

    @property
    def kind(self) -> Kind:
        """Which sort of control suits its type."""
        kind, optional = plain_type(self.first)
        if get_origin(kind) is Literal:
            return "choice"
        if kind is bool:
            return "maybe" if optional else "switch"
        if optional:
            return "blank"
        if kind is str:
            return "text"
        if self.step is not None:
            return "slider"
        return "whole" if kind is int else "number"

    @property
    def choices(self) -> tuple[str, ...]:
        return get_args(plain_type(self.first)[0])

    def limits(self, member: str = "") -> tuple[Any, Any]:
        """Smallest and largest value for one of the alternatives."""
        bounds = self.field(member).metadata
        return _bound(bounds, "ge", "gt"), _bound(bounds, "le", "lt")

    def default(self, member: str = "") -> Any:
        """What it is before anybody touches it; None where it has to be given."""
        field = self.field(member)
        return None if field.is_required() else field.get_default()

    def accepts(self, member: str, value: Any) -> bool:
        """Whether an alternative allows this value."""
        try:
            kind = alternatives(self.section)[member] if self.section else Experiment
            kind.model_validate({"name": member, self.key: value})
        except ValidationError as error:
            return all(fault["loc"][:1] != (self.key,) for fault in error.errors())
        return True


def _bound(bounds: list[Any], *kinds: str) -> float | None:
    return next((getattr(bound, kind) for bound in bounds for kind in kinds if hasattr(bound, kind)), None)


def _shown(field: FieldInfo) -> dict[str, Any]:
    """How the schema wants a field shown: symbol, step, advanced."""
    return dict(field.json_schema_extra) if isinstance(field.json_schema_extra, dict) else {}


def plain_type(field: FieldInfo) -> tuple[Any, bool]:
    """The type of a field without None, and whether it may be None."""
    kinds = get_args(field.annotation)
    if get_origin(field.annotation) is Literal or NoneType not in kinds:
        return field.annotation, False
    return next(kind for kind in kinds if kind is not NoneType), True


@cache
def knobs(section: str) -> tuple[FormField, ...]:
    """Every knob of a section but the choice itself, first those that have a symbol."""
    found: dict[str, dict[str, FieldInfo]] = {}
    for member, kind in alternatives(section).items():
        for name, field in kind.model_fields.items():
            if name != "name" and not _shown(field).get("hidden"):
                found.setdefault(field.alias or name, {})[member] = field
    every = [FormField(section, key, fields) for key, fields in found.items()]
    return tuple(sorted(every, key=lambda knob: not _shown(knob.first).get("symbol")))


@cache
def top_knobs() -> tuple[FormField, ...]:
    """The fields of the experiment that belong to no section."""
    own = {name: field for name, field in Experiment.model_fields.items() if name not in sections()}
    return tuple(FormField("", name, {"": field}) for name, field in own.items() if not _shown(field).get("hidden"))
