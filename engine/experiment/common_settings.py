"""What the trainings of a race, or of a sweep, have in common."""

from typing import Annotated, Any

from pydantic import Field

from engine.experiment.overrides import merge
from engine.experiment.recipes import Recipe, find
from engine.fields import Section

LANE = {"runtime": {"threads": 1, "streams": "sequential"}}
"""What every run of a race or a sweep has on a CPU unless the file says otherwise: one core, so that each core trains one."""
Title = Annotated[str, Field(min_length=1, max_length=40, pattern="^[^,]*$")]
"""What can be a tag."""


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
