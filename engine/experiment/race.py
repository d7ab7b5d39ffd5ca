"""Race: the same training by several contestants, each with the same seeds, so that they can be compared pair by pair."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from engine.errors import Problem, Refused
from engine.experiment.common_settings import CommonSettings, Title, read_settings
from engine.experiment.recipes import Recipe
from engine.experiment.schema import LARGEST_SEED, Experiment

FOLDER = Path(__file__).parents[2] / "assets" / "races"
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]


class Race(CommonSettings):
    """Who trains what, from which seeds. Equal seeds give equal first weights, label noise and batches to all contestants."""

    title: Title = "race"
    """The tag of its runs."""
    seeds: Annotated[int, Field(ge=1, le=100)] | Annotated[list[Seed], Field(min_length=1, max_length=100)] = 6
    """How many seeds, from 0 on, or which. With fewer than six no difference can be significant."""
    turns: int = Field(6, ge=1, le=1000)
    """In how many turns each training is done: no contestant is further ahead of another with its seed."""
    contestants: list[dict[str, Any]] = Field(min_length=1, max_length=64)
    """What is particular to each, by dotted path, such as {"method.name": "sam", "method.rho": 0.1}."""

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, seeds: int | list[int]) -> int | list[int]:
        if isinstance(seeds, list) and len(set(seeds)) < len(seeds):
            raise ValueError("a seed stands there twice")
        return seeds

    def rounds(self) -> list[list[Experiment]]:
        """For each seed an experiment of each contestant.

        Raises `Refused` with the contestant and the field.
        """
        shared = self.start()
        field = [_contestant(shared, number, changes) for number, changes in enumerate(self.contestants)]
        for number, one in enumerate(field):
            if one in field[:number]:
                raise Refused(Problem(f"contestants.{number}", "is the same as another one", "Remove it, or change a field"))
        seeds = range(self.seeds) if isinstance(self.seeds, int) else self.seeds
        return [[one.model_copy(update={"seed": seed, "seeds": 1}) for one in field] for seed in seeds]


def read_race(given: str) -> Race:
    """The race in a file, or the ready-made one of that name. Raises `Refused` with field and cure."""
    return read_settings(Race, FOLDER, given)


def _contestant(base: Recipe, number: int, changes: dict[str, Any]) -> Experiment:
    try:
        return base.experiment(*(f"{path}={json.dumps(value)}" for path, value in changes.items()))
    except Refused as error:
        raise Refused(*(replace(one, field=f"contestants.{number}: {one.field}") for one in error.problems)) from None
