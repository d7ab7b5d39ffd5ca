"""Slurm in the folder of a run: what its jobs ask for, and the job that it has now."""

import re
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from engine.errors import Problem, Refused, explain
from engine.fields import Section
from engine.files.atomic import write_atomically
from engine.files.within import readable

OPTIONS, JOB = "slurm.json", "slurm-job.json"
"""Names of the files of the options, which stay for when it is resumed, and of the job, which is there as long as it is."""
EXAMPLE = "partition=gpu,gpus_per_node=1,time=2h"
UNITS = {"m": 1, "h": 60, "d": 24 * 60}
Model = TypeVar("Model", bound=BaseModel)

_SHORT = re.compile(r"(\d{1,6})([mhd]?)")
_LONG = re.compile(r"(?:(\d{1,3})-)?(\d{1,4}):(\d\d)(?::(\d\d))?")


def minutes(text: object) -> object:
    """Minutes, from 90, 90m, 2h, 1d, or as Slurm writes it: hours:minutes:seconds, or days-hours:minutes."""
    if short := _SHORT.fullmatch(str(text)):
        return int(short[1]) * UNITS[short[2] or "m"]
    if not (long := _LONG.fullmatch(str(text))):
        raise ValueError("should be a time, such as 90 (minutes), 2h, 1d or 1-12:00:00")
    days, first, second, third = (int(part or 0) for part in long.groups())
    if long[1] is None and long[4] is None:  # minutes:seconds
        return first + bool(second)
    return days * 24 * 60 + first * 60 + second + bool(third)


def _word(text: str) -> str:
    if not re.fullmatch(r"[\w.,:=/@%+\-\[\]*&|()]{1,200}", text):
        raise ValueError("should be one word of letters, digits and . , : = / @ % + - [ ] * & | ( )")
    return text


def _memory(text: str) -> str:
    if not re.fullmatch(r"\d{1,9}[KMGT]?", text):
        raise ValueError("should be an amount of memory, such as 16G")
    return text


Word = Annotated[str, AfterValidator(_word)]


class SlurmOptions(Section):
    """What a run asks of Slurm. A name means what it means to `sbatch`; what is left out is as the cluster has it by default."""

    partition: Word | None = None
    """Partition, that is, the group of nodes to train on."""
    account: Word | None = None
    """Account that pays."""
    qos: Word | None = None
    """Quality of service."""
    reservation: Word | None = None
    """Reservation to use."""
    constraint: Word | None = None
    """Features that a node must have."""
    nodelist: Word | None = None
    """Nodes to train on."""
    exclude: Word | None = None
    """Nodes not to train on."""
    gres: Word | None = None
    """Generic resources, such as gpu:a100:1."""
    gpus_per_node: int | None = Field(None, ge=0, le=64)
    """GPUs."""
    cpus_per_task: int | None = Field(None, ge=1, le=4096)
    """CPU cores."""
    mem: Annotated[str, AfterValidator(_memory)] | None = None
    """Memory of the machine, such as 16G."""
    time: Annotated[int, BeforeValidator(minutes), Field(ge=1)] = 60
    """How long a job may take: 90 (minutes), 2h, 1d or 1-12:00:00. What takes longer goes on in another turn."""

    def given(self) -> dict[str, str | int]:
        """The options that have a value, by name."""
        return self.model_dump(exclude_none=True)


def parse(text: str) -> SlurmOptions:
    """Options as they are typed: partition=gpu,time=2h. A value may have commas in it. Raises `Refused`."""
    parts = (part.partition("=") for part in re.split(r",(?=\w+=)", text.strip()) if part)
    try:
        return SlurmOptions.model_validate_strings({name.strip(): value for name, _, value in parts})
    except ValidationError as error:
        raise Refused(*(_as_option(problem) for problem in explain(error, {}).problems)) from None


def _as_option(problem: Problem) -> Problem:
    is_known = problem.field in SlurmOptions.model_fields
    return Problem(
        f"slurm.{problem.field}", problem.what, problem.cure if is_known else f"There are {', '.join(SlurmOptions.model_fields)}"
    )


class SlurmJob(BaseModel):
    """The job that a run has with Slurm."""

    id: str
    state: str = "PENDING"
    """What Slurm says of it."""
    reason: str = ""
    """Why it waits, or where it is."""
    has_begun: bool = False
    """Whether it has come to starting an engine."""

    @property
    def told(self) -> str:
        """In one line."""
        return f"Slurm job {self.id}: {self.state}" + (f" ({self.reason})" if self.reason else "")


def options_of(run: Path) -> SlurmOptions | None:
    """What the run in a folder asks of Slurm; None if it is trained on this machine."""
    return _read(run, OPTIONS, SlurmOptions)


def job_of(run: Path) -> SlurmJob | None:
    """The job that the run in a folder has now."""
    return _read(run, JOB, SlurmJob)


def write_options(run: Path, options: SlurmOptions | None) -> None:
    """Let the run be trained by Slurm, or else on this machine."""
    _write(run / OPTIONS, options)


def write_job(run: Path, job: SlurmJob | None) -> None:
    """Remember which job it has."""
    _write(run / JOB, job)


def _read(run: Path, name: str, model: type[Model]) -> Model | None:
    """What is in a file; None if it is not there, or damaged."""
    try:
        with readable(run, name) as file:
            return model.model_validate_json(file.read())
    except (FileNotFoundError, ValidationError):
        return None


def _write(path: Path, content: BaseModel | None) -> None:
    if content:
        write_atomically(path, content.model_dump_json(exclude_none=True).encode())
    else:
        path.unlink(missing_ok=True)
