"""Status: where a run stands."""

from typing import Any, Literal

import numpy as np
from pydantic import AliasChoices, BaseModel, Field

State = Literal[
    "queued", "starting", "loading", "running", "paused", "measuring", "finished", "stopped", "diverged", "failed", "interrupted"
]


ACTIVE: frozenset[State] = frozenset({"starting", "loading", "running", "paused", "measuring"})
PENDING: frozenset[State] = ACTIVE | {"queued"}
"""States of a run that will go on without anybody's doing."""


class TakenGradient(BaseModel):
    """A gradient of one step: whether it was taken at w + ε, how long ε was, and how long the gradient is."""

    perturbed: bool
    radius: float | None
    length: float


class StepAnatomy(BaseModel):
    """One step taken apart, as measured: its gradients, the direction made of them, and the way that the weights went.

    `cosines` are those between all of these, the gradients first, then the direction, then the way backwards.
    """

    step: int
    gradients: list[TakenGradient]
    direction: float
    moved: float
    cosines: list[list[float]]


class Status(BaseModel):
    """Where a run stands. `progress` is of the activity `message` tells of; `seconds` count steps only.
    `remedy` holds the changes with which a run that ended badly may go on.

    `epoch_curve` holds steps and the epochs done by then, with a straight line between.
    `flops` are those of all forward and backward passes; `streams` tells how the gradients of a step
    are run, `device` which place on the machine the run was given, and `pace` how many steps a second slow motion allows.
    `silent_since` is when an engine has answered last that does not answer now.
    `profile` holds the share of each part of a step in its time, over the last second or so; `anatomy` the last step taken apart,
    where steps are slow enough to be looked at.
    """

    state: State = "stopped"
    message: str = ""
    field: str = ""
    remedy: dict[str, Any] = {}
    progress: float | None = None
    step: int = 0
    steps: int = 0
    epoch: int = 0
    epochs: int = 0
    epoch_curve: list[tuple[int, float]] = Field([], validation_alias=AliasChoices("epoch_curve", "course"))
    seconds: float = 0.0
    eta: float | None = None
    pace: float | None = None
    samples: int = 0
    samples_per_second: float | None = None
    gradient_evaluations: int = 0
    flops: float | None = None
    streams: str = ""
    profile: dict[str, float] = {}
    anatomy: StepAnatomy | None = None
    device: str = ""
    pid: int = 0
    pid_started: float = 0.0
    heartbeat: float = 0.0
    silent_since: float | None = None

    @property
    def epochs_done(self) -> float:
        """Epochs and what is done of the present one."""
        if not self.epoch_curve:
            return self.epochs * self.step / self.steps if self.steps else 0.0
        steps, epochs = zip(*self.epoch_curve, strict=True)
        return float(np.interp(self.step, steps, epochs))
