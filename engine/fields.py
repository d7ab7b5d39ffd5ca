"""How a section of the experiment is declared: frozen, strict, and documented under each field."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from engine.errors import Problem


class Section(BaseModel):
    """A part of an experiment. A field's docstring is its tooltip; unknown fields and NaN are refused."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        serialize_by_alias=True,
    )

    @classmethod
    def cured(cls, problem: Problem) -> Problem:
        """The problem, with the cure that this section knows for it."""
        return problem


def knob(
    default: Any,
    *,
    symbol: str = "",
    step: float | None = None,
    log_from: float | None = None,
    advanced: bool = False,
    live: bool = False,
    hidden: bool = False,
    **limits: Any,
) -> Any:
    """A field that a person turns.

    `symbol` is its sign in the paper, `step` makes it a slider with that spacing, `advanced` puts it behind
    a fold, a `hidden` one is in no form, and a `live` one may change while the run trains, there with a slider that is
    logarithmic from `log_from` up; `limits` are pydantic's own (`ge`, `le`, `gt`, `lt`, `alias`).
    """
    shown = {"symbol": symbol, "step": step, "log_from": log_from, "advanced": advanced, "live": live, "hidden": hidden}
    return Field(default, json_schema_extra={key: value for key, value in shown.items() if value}, **limits)


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested dictionary as one of dotted keys."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found
