"""Experiment: the one schema of a training, from which form, flags, checks and documentation come."""

from typing import Annotated, Any, get_args

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from engine.catalogue import DATASETS, Dataset
from engine.errors import explain
from engine.experiment.data import BuiltIn, Folder, ImageNet, ModelChoice
from engine.experiment.optimization import Adam, AdamW, Averaging, Schedule, SGDOptimizer
from engine.experiment.probes import Density, Flatness, Landscape, Perturbation, Predictions, Radius, Spectrum
from engine.experiment.runtime import Runtime
from engine.experiment.seeds import root
from engine.fields import Section, knob
from engine.methods import MRWP, AnyMethod

LARGEST_SEED = 2**31 - 1
FORMAT = 2
"""The format of new experiments. A stored one that does not tell its own is of format 1."""


class Parent(Section):
    """The checkpoint from which a forked run starts."""

    run: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Name of the run it was forked from."""
    step: int = Field(ge=0)
    """Number of steps that run had taken."""


class Experiment(Section):
    """Everything that decides how a training goes."""

    format: int = knob(FORMAT, hidden=True, ge=1)
    """Version of what the fields mean: 1 draws random numbers from 32 bits of a seed on a CPU, 2 from 128."""
    seed: int = Field(0, ge=0, le=LARGEST_SEED)
    """Start of every random draw: the same seed gives the same training."""
    seeds: int = Field(1, ge=1, le=20)
    """Number of runs with consecutive seeds. Runs that differ in nothing but their seed are shown as a group."""
    parent: Parent | None = knob(None, hidden=True)
    """Where a forked run starts from; empty for one that starts at the beginning."""
    data: Annotated[BuiltIn | Folder | ImageNet, Field(discriminator="name")] = BuiltIn()
    """The images to learn from."""
    model: ModelChoice = ModelChoice()
    """The network."""
    method: AnyMethod = MRWP()
    """How the update direction is found."""
    optimizer: Annotated[SGDOptimizer | Adam | AdamW, Field(discriminator="name")] = SGDOptimizer()
    """The base optimizer."""
    schedule: Schedule = Schedule()
    """Length and learning rate."""
    averaging: Averaging = Averaging()
    """Averaged weights beside the trained ones."""
    landscape: Landscape = Landscape()
    """The picture of the loss around the result."""
    spectrum: Spectrum = Spectrum()
    """The curvature of the loss at the result."""
    flatness: Flatness = Flatness()
    """How much the loss rises around the result."""
    density: Density = Density()
    """All curvatures of the loss at the result."""
    radius: Radius = Radius()
    """The loss around the result, against the distance."""
    perturbation: Perturbation = Perturbation()
    """What the method adds to the weights."""
    predictions: Predictions = Predictions()
    """What is said of the test images."""
    runtime: Runtime = Runtime()
    """The machine."""

    @field_validator("format")
    @classmethod
    def _is_known(cls, value: int) -> int:
        if value > FORMAT:
            raise ValueError(f"this version of RWP Studio knows formats up to {FORMAT}; update it")
        return value

    @field_validator("seeds")
    @classmethod
    def _has_seeds(cls, value: int, info: ValidationInfo) -> int:
        if (first := info.data.get("seed", 0)) + value - 1 > LARGEST_SEED:
            raise ValueError(f"{value} seeds from {first} on would go beyond {LARGEST_SEED}, the largest")
        return value

    @property
    def root(self) -> int:
        """The seed from which every other one follows."""
        return root(self.seed, self.format > 1)

    def runs(self) -> "list[Experiment]":
        """One experiment for each of the seeds."""
        return [self.model_copy(update={"seed": self.seed + i, "seeds": 1}) for i in range(self.seeds)]

    @property
    def group(self) -> "Experiment":
        """What all runs of a group have in common."""
        return self.model_copy(update={"format": FORMAT, "seed": 0, "seeds": 1})

    @property
    def devices(self) -> int:
        """The devices that one process has work for."""
        return self.runtime.devices if self.method.streams == 2 else 1

    @property
    def dataset(self) -> Dataset:
        return DATASETS[self.data.name]


def members(section: str) -> dict[str, type[Section]]:
    """The alternatives of a section by name; a section without alternatives is its own only one."""
    annotation = Experiment.model_fields[section].annotation
    kinds: tuple[Any, ...] = get_args(annotation) or (annotation,)
    return {name: kind for kind in kinds for name in get_args(kind.model_fields["name"].annotation)}


UNIONS = {section: tuple(members(section)) for section in ("data", "method", "optimizer")}


def read(config: object) -> Experiment:
    """The experiment that a JSON object describes; what it leaves out has its default.

    Raises `Refused` with the field and the cure of every fault.
    """
    try:
        return Experiment.model_validate(_with_names(config))
    except ValidationError as error:
        raise explain(error, UNIONS) from None


def read_stored(config: object) -> Experiment:
    """The experiment in the config.json of a run or an archive, which may be of an older format. Raises `Refused`."""
    return read({"format": 1, **config} if isinstance(config, dict) else config)


def _with_names(config: object) -> object:
    """`config` with the default choice filled in wherever a section does not say which one it means."""
    if not isinstance(config, dict):
        return config
    named = dict(config)
    for section in UNIONS:
        if isinstance(value := named.get(section), dict) and "name" not in value:
            named[section] = {"name": Experiment.model_fields[section].default.name, **value}
    return named


def differences(experiment: Experiment) -> dict[str, Any]:
    """The fields, by dotted path, in which `experiment` differs from what its choices give by default."""
    found: dict[str, Any] = {}
    for section, value in experiment:
        if not isinstance(value, Section):
            if value != Experiment.model_fields[section].default:
                found[section] = value
            continue
        default = Experiment.model_fields[section].default
        shown = value.model_dump()
        if "name" in shown and shown["name"] != default.name:
            found[f"{section}.name"] = shown["name"]
        for name, field in type(value).model_fields.items():
            key = field.alias or name
            if name != "name" and shown[key] != field.default:
                found[f"{section}.{key}"] = shown[key]
    return found
