"""What the trainings of a race, or of a sweep, have in common."""

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from engine.errors import explain
from engine.experiment.overrides import merge, read_file
from engine.experiment.recipes import Recipe, find
from engine.fields import Section

LANE = {"runtime": {"threads": 1, "streams": "sequential"}}
"""What every run of a race or a sweep has on a CPU unless the file says otherwise: one core, so that each core trains one."""
Title = Annotated[str, Field(min_length=1, max_length=40, pattern="^[^,]*$")]
"""What can be a tag."""


Read = TypeVar("Read", bound="CommonSettings")


class CommonSettings(Section):
    """What all runs of a race, or of a sweep, have in common."""

    recipe: str = ""
    """The recipe from which all start; empty starts from the defaults."""
    config: dict[str, Any] = Field({})
    """What all have beyond that."""

    def start(self) -> Recipe:
        """Where all start, on a core each."""
        base = find(self.recipe) if self.recipe else Recipe(name="", title="", text="", config={})
        return base.model_copy(update={"config": merge(merge(LANE, base.config), self.config)})


def read_settings(kind: type[Read], folder: Path, given: str) -> Read:
    """What stands in a file, or in the ready-made one of that name in `folder`. Raises `Refused` with field and cure."""
    ready = {path.stem: path for path in folder.glob("*.json")}
    try:
        return kind.model_validate(read_file(ready.get(given, Path(given))))
    except ValidationError as error:
        raise explain(error, {}) from None
