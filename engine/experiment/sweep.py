"""Sweep: the same training with many values of some fields, on a grid or as a search proposes them."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from engine.errors import Problem, Refused
from engine.experiment.common_settings import CommonSettings, Title, read_settings
from engine.experiment.schema import Experiment
from engine.fields import Section, flat

FOLDER = Path(__file__).parents[2] / "assets" / "sweeps"
MOST_TRIALS = 2000
Value = bool | int | float | str | None
Point = dict[str, Value]
"""A value for each field that is searched."""


class Range(Section):
    """Numbers from `low` to `high`, both included."""

    low: int | float
    high: int | float
    log: bool = False
    """Spread the values evenly over the orders of magnitude."""

    @model_validator(mode="after")
    def _has_room(self) -> "Range":
        if self.low >= self.high:
            raise ValueError(f"is empty: low is {self.low:g} and high is {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError("has no logarithm at 0 or below: raise low, or leave out log")
        return self


Values = Annotated[list[Value], Field(min_length=1, max_length=MOST_TRIALS)]


class Sweep(CommonSettings):
    """Which fields are searched, how, and for how long."""

    title: Title = "sweep"
    """The tag of its runs, and the name under which it goes on after it was ended."""
    search: Literal["grid", "random", "tpe"] = "grid"
    """Every point of a grid; points at random; or points where those before were good (tree-structured Parzen estimator)."""
    fields: dict[str, Values | Range] = Field(min_length=1, max_length=16)
    """What is searched, by dotted path: a list of values, or a range such as {"low": 0.01, "high": 0.2, "log": true}."""
    trials: int | None = Field(None, ge=1, le=MOST_TRIALS)
    """How many points of a search are trained; a grid is trained whole."""
    prune: Literal["none", "median", "halving"] = "none"
    """Stop a run that is worse than the median of the others by then, or than the best third (successive halving)."""
    seed: int = Field(0, ge=0, le=2**31 - 1)
    """Of the search. The runs have that of `config`, or those of the field `seed`, if it is searched."""

    @field_validator("fields")
    @classmethod
    def _each_once(cls, fields: dict[str, Any]) -> dict[str, Any]:
        for path, values in fields.items():
            if isinstance(values, list) and len({json.dumps(value) for value in values}) < len(values):
                raise ValueError(f"{path} has a value twice")
        return fields

    @model_validator(mode="after")
    def _ends(self) -> "Sweep":
        ranges = [path for path, values in self.fields.items() if isinstance(values, Range)]
        if self.search == "grid" and ranges:
            raise ValueError(f"a grid needs the values of {ranges[0]}, not a range: list them, or search at random or by tpe")
        if self.search == "grid" and self.trials is not None:
            raise ValueError("a grid is trained whole: leave out trials, or search at random or by tpe")
        if self.search != "grid" and self.trials is None:
            raise ValueError("a search goes on for ever: give it a number of trials")
        if self.total > MOST_TRIALS:
            raise ValueError(f"a grid of {self.total:,} points is too much: {MOST_TRIALS:,} are the most")
        return self

    @property
    def total(self) -> int:
        """How many points will be trained."""
        whole = 1
        for values in self.fields.values():
            whole *= len(values) if isinstance(values, list) else 1
        return whole if self.search == "grid" else self.trials or 0

    def grid(self) -> list[Point]:
        """All points of a grid, the last field changing fastest."""
        values = [one if isinstance(one, list) else [] for one in self.fields.values()]
        return [dict(zip(self.fields, point, strict=True)) for point in itertools.product(*values)]

    def experiment(self, point: Point) -> Experiment:
        """What is trained at a point. Raises `Refused` with the field and its value."""
        base = self.start()
        try:
            made = base.experiment(*(f"{path}={json.dumps(value)}" for path, value in point.items()))
        except Refused as error:
            raise Refused(*(_of_fields(one, point) for one in error.problems)) from None
        return made.model_copy(update={"seeds": 1})

    def extremes(self) -> Iterator[Point]:
        """Points that have every value of every list, and both ends of every range, at least once."""
        ends = [one if isinstance(one, list) else [one.low, one.high] for one in self.fields.values()]
        for number in range(max(map(len, ends))):
            yield {path: values[min(number, len(values) - 1)] for path, values in zip(self.fields, ends, strict=True)}

    def is_whole(self, path: str) -> bool:
        """Whether a field takes whole numbers only."""
        (first, *_) = self.extremes()
        value = flat(self.experiment(first).model_dump())[path]
        return isinstance(value, int) and not isinstance(value, bool)


def read_sweep(given: str) -> Sweep:
    """The sweep in a file, or the ready-made one of that name. Raises `Refused` with field and cure."""
    return read_settings(Sweep, FOLDER, given)


def _of_fields(problem: Problem, point: Point) -> Problem:
    return replace(problem, field=f"fields.{problem.field}") if problem.field in point else problem
