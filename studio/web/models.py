"""What the routes take and answer, as pydantic models; the OpenAPI document comes from these."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.fields import Section
from engine.launch.queue import MOST_AT_ONCE
from engine.runs.labels import Labels
from engine.runs.status import State
from studio.queries.comparison import Budget
from studio.report.tables import Ending

SIDE = 64
"""Rows of a drawing, and numbers in each."""


class ForkRequest(Section):
    """Where to fork, and into what."""

    step: int = Field(ge=0)
    """The step of the checkpoint."""
    methods: list[str] = Field([])
    """Names of methods, a run for each; empty keeps the run's own."""


class CheckpointRequest(Section):
    """One checkpoint of the run."""

    step: int = Field(ge=0)
    """The step of the checkpoint."""


class Drawing(Section):
    """A drawing in black on white."""

    ink: list[Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=SIDE, max_length=SIDE)]] = Field(
        min_length=SIDE, max_length=SIDE
    )
    """How much ink is where, from 0 to 1: rows of 64 numbers, from top to bottom."""


class QueuedRun(Section):
    """A run that waits."""

    run: str
    """The name of the run."""


class MoveRequest(QueuedRun):
    """A run that waits, and its new place."""

    position: int = Field(ge=0)
    """Its position in the queue, counted from 0."""


class AtOnceRequest(Section):
    """How many runs each device of a kind trains at the same time; a kind that is left out keeps its number."""

    cpu: int = Field(1, ge=1, le=MOST_AT_ONCE)
    cuda: int = Field(1, ge=1, le=MOST_AT_ONCE)
    mps: int = Field(1, ge=1, le=MOST_AT_ONCE)


class EmptyRequest(Section):
    """Deleted runs that are to be removed for good."""

    runs: list[str]
    """Their names in the trash; GET /api/storage lists them."""


class RunSelection(Section):
    """Runs to be compared."""

    runs: list[str] = Field(max_length=1000)
    """Their names."""


class CompareRequest(RunSelection):
    """Runs to be compared, and with which of their groups."""

    reference: str = Field("", max_length=64)
    """The group that the others are compared with; empty takes the one of plain SGD."""


class FigureRequest(RunSelection):
    """Runs, and which figure of the paper is to be drawn of them."""

    number: Literal["1", "2", "3", "4", "5"]
    """The number of the figure."""


class TableRequest(CompareRequest):
    """Which ranking of them, and how it is to be written."""

    cost: Budget = "end"
    """What all have spent alike; `end` ranks each at its own end."""
    ending: Ending
    """Ending of the file."""


class Answer(BaseModel):
    """A JSON object that a route answers with."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class MadeFile(Answer):
    """A file that is not on the disk."""

    content: str


class Asked(Answer):
    done: str
    """The name of the action."""
    id: str
    """What the answering event will carry; empty if nothing is left to be answered."""


class ActionRow(Answer):
    states: list[State]
    """In which states it can be asked."""
    text: str
    """What it does."""


class QueueState(Answer):
    waiting: list[str]
    """The names of the runs that wait, in order."""
    at_once: dict[str, int]
    """How many runs a device of each kind trains at the same time."""


class NewRuns(Answer):
    runs: list[str]


class OneRun(Answer):
    run: str


class Trashed(Answer):
    trash: str
    """The run's name in the trash."""


class Freed(Answer):
    freed: int
    """Bytes."""


class DeletedRun(Answer):
    id: str
    name: str
    bytes: int


class Storage(Answer):
    free: int
    """Bytes free on the disk of the runs."""
    most_upload: int
    """Bytes that an uploaded archive may have."""
    trash: list[DeletedRun]


class CheckpointRow(Answer):
    step: int
    bytes: int
    accuracy: float | None
    """Test accuracy, if it was measured there."""
    left: bool
    """Whether there are steps to take from there."""
    newest: bool
    best: bool
    pinned: bool


class ParentRow(Answer):
    run: str
    step: int


class RunRow(Answer):
    id: str
    group: str
    """A name that all runs share which differ in nothing but their seed."""
    labels: Labels
    state: State
    dataset: str
    model: str
    method: str
    seed: int
    train_size: int | None
    batch_size: int
    epochs: int
    epoch: int
    epochs_done: float
    step: int
    steps: int
    seconds: float
    eta: float | None
    active: bool
    accuracy: float | None
    """Last test accuracy, if there is one."""
    parent: ParentRow | None
    bytes: int
    created: float
    """When the run was made, in Unix seconds."""
    position: int | None
    """Place in the queue, counted from 0."""
    begins: float | None
    """Seconds until it is expected to begin."""
    slurm: str
    """What Slurm says of its job; empty if it has none there that waits."""


class Reading(Answer):
    step: int
    """Of the weights."""
    probabilities: list[float]
    """Of each class."""
    pixels: list[int]
    """The picture that the network sees, from 0 to 255, row by row."""
    shape: list[int]
    """Its channels, height and width."""


class LiveField(Answer):
    path: str
    value: Any
    min: float | None
    max: float | None
    step: float | None
    log_from: float | None
    label: str
    short: str
    help: str | None
    advanced: bool
    optional: bool
