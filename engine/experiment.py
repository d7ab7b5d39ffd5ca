"""Experiment: the one description of a training, from which form, flags, checks and documentation come."""

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, field_validator

from engine.catalogue import DATASETS, MODELS, Dataset
from engine.errors import Problem, Refused, explain
from engine.methods import MRWP, AnyMethod
from engine.schema import Section, knob

BUILT_IN = tuple(name for name, row in DATASETS.items() if row.classes)


class Data(Section):
    """What is learned, and how its images are varied."""

    train_size: int | None = Field(None, ge=2)
    """Number of training images to use; empty uses all of them."""
    test_size: int | None = knob(None, advanced=True, ge=1)
    """Number of test images to evaluate on, always the same ones; empty uses all of them."""
    label_noise: float = knob(0.0, step=0.05, ge=0, le=1)
    """Fraction of the training labels that is redrawn at random. Test labels stay true."""
    label_smoothing: float = knob(0.0, step=0.01, advanced=True, live=True, ge=0, lt=1)
    """Share of each training label that is spread evenly over all classes."""
    mixup: float = knob(0.0, advanced=True, ge=0, le=10)
    """Parameter α of mixup (Zhang et al. 2018): images and labels are blended in pairs by a Beta(α, α) draw; 0 is off."""
    augmentation: Literal["standard", "randaugment"] = knob("standard", advanced=True)
    """`randaugment`: two random operations more on each training image, instead of the usual Cutout (Cubuk et al. 2020)."""
    flip: bool | None = knob(None, advanced=True)
    """Mirror half of the training images; empty does what is usual for the dataset."""
    crop_padding: int | None = knob(None, advanced=True, ge=0, le=64)
    """Pad by so many pixels, then crop back at a random place; empty does what is usual for the dataset."""
    cutout: int | None = knob(None, advanced=True, ge=0, le=512)
    """Side of the square blanked in half of the training images; empty does what is usual for the dataset."""


class BuiltIn(Data):
    """A dataset the engine knows by name."""

    name: Literal[BUILT_IN] = "digits"  # type: ignore[valid-type]
    download: bool = knob(True, advanced=True)
    """Fetch the dataset when it is not in the data folder."""


class Folder(Data):
    """A folder of one's own images: train/ and val/, each with one folder of images per class."""

    name: Literal["folder"] = "folder"
    path: str = Field(min_length=1, max_length=4096)
    """The folder that holds train/ and val/."""
    image_size: int = knob(32, ge=4, le=512)
    """Side in pixels to which every image is resized and cropped."""


class ImageNet(Folder):
    """ImageNet, or another folder of images too large for the memory: they are read while the training goes on."""

    name: Literal["imagenet"] = "imagenet"  # type: ignore[assignment]
    image_size: int = knob(224, ge=32, le=512)
    """Side in pixels of the random crops to learn from, and of the middle of every test image."""
    workers: int = knob(4, advanced=True, ge=0, le=64)
    """Processes that read and crop images, for each of the method's batches; 0 does it within the training."""


class ModelChoice(Section):
    """The network that is trained."""

    name: Literal[tuple(MODELS)] = "small-cnn"  # type: ignore[valid-type]


class Optimizer(Section):
    """The base optimizer, which receives the update direction of the method."""

    lr: float = knob(0.1, symbol="γ", log_from=1e-4, live=True, gt=0, le=10)
    """Learning rate at the start."""
    weight_decay: float = knob(1e-3, log_from=1e-6, live=True, ge=0, le=1)
    """Weight decay, applied at the unperturbed weights."""
    clip_norm: float | None = knob(None, advanced=True, live=True, gt=0)
    """Longest update direction; a longer one is shortened to it. Empty leaves every one as it is."""


class SGDOptimizer(Optimizer):
    """Stochastic gradient descent with momentum."""

    name: Literal["sgd"] = "sgd"
    momentum: float = knob(0.9, ge=0, lt=1)
    """Momentum of the update."""


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015): weight decay is added to the gradient."""

    name: Literal["adam"] = "adam"
    lr: float = knob(1e-3, symbol="γ", log_from=1e-6, live=True, gt=0, le=10)
    """Learning rate at the start."""
    weight_decay: float = knob(0.0, log_from=1e-6, live=True, ge=0, le=1)
    """Weight decay, applied at the unperturbed weights."""


class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    name: Literal["adamw"] = "adamw"
    lr: float = knob(1e-3, symbol="γ", log_from=1e-6, live=True, gt=0, le=10)
    """Learning rate at the start."""
    weight_decay: float = knob(1e-2, log_from=1e-6, live=True, ge=0, le=1)
    """Weight decay, applied at the unperturbed weights."""


class Averaging(Section):
    """A second set of weights, averaged over the training, that is evaluated beside the trained ones."""

    kind: Literal["none", "ema", "swa"] = "none"
    """`ema`: exponential moving average over updates. `swa`: mean over epochs (Izmailov et al. 2018)."""
    decay: float = knob(0.999, advanced=True, ge=0, lt=1)
    """Share of the moving average that an update leaves in place (ema)."""
    start: float = knob(0.75, advanced=True, ge=0, lt=1)
    """Fraction of the training after which averaging begins (swa)."""


class Schedule(Section):
    """How long, in which portions, and with which learning rate."""

    epochs: int = knob(30, live=True, ge=1, le=10_000)
    """Passes over the training set, counted in updates as plain training makes them. The schedules span them all."""
    batch_size: int = knob(128, live=True, ge=2, le=65_536)
    """Images per gradient. The last, incomplete batch of an epoch is left out."""
    lr: Literal["cosine", "constant"] = "cosine"
    """Course of the learning rate: down to 0 along a cosine, step by step, or constant."""

    def lr_factor(self, progress: float) -> float:
        """Learning rate relative to its start after the fraction `progress` of all updates."""
        return 0.5 * (1 + math.cos(math.pi * progress)) if self.lr == "cosine" else 1.0


class Landscape(Section):
    """The loss landscape around the trained weights (Li et al. 2018)."""

    at_end: bool = True
    """Measure the landscape when the training is over."""
    resolution: int = knob(25, advanced=True, ge=5, le=101)
    """Points along each side; odd, so that the trained weights are one of them."""
    images: int = knob(256, advanced=True, ge=16, le=50_000)
    """Training images over which the loss of each point is averaged."""
    span: float = knob(1.0, advanced=True, gt=0, le=10)
    """The plane reaches from −span to +span along two random, filter-normalised directions."""

    @field_validator("resolution")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("should be odd, so that the trained weights are in the middle")
        return value


class Runtime(Section):
    """Where and how the training runs."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """The processor that trains; `auto` takes an accelerator if there is one."""
    threads: int = knob(0, advanced=True, ge=0, le=1024)
    """CPU threads within one operation; 0 leaves it to torch."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Number format of forward and backward pass; weights and updates stay in fp32. fp16 needs an accelerator."""
    streams: Literal["auto", "sequential", "parallel", "distributed"] = "auto"
    """How two gradients of one update are run; `auto` times both ways before the first update and takes the faster.

    `distributed`: by several processes, which is what `auto` does where there are several.
    """
    compile: bool = knob(False, advanced=True)
    """Compile the network with torch.compile before the first update: half a minute or more, which a long fp32 run wins back.

    On a CPU it needs a C++ compiler.
    """
    processes: int = knob(1, advanced=True, ge=1, le=64)
    """Processes that share the work of every update, by torchrun: one a GPU, or one a few CPU cores; 1 is off."""
    ascent: Literal["synchronised", "per-process"] = knob("synchronised", advanced=True)
    """SAM and its relatives on several processes: all find one ε together, or each one on its own piece of the batch.

    `per-process` is m-sharpness with m = batch size / processes, and spares one exchange of gradients.
    """
    accumulate: int = knob(1, advanced=True, live=True, ge=1, le=65_536)
    """Parts in which a mini-batch is computed, to save memory."""
    evaluate_every: int = knob(1, advanced=True, live=True, ge=1, le=10_000)
    """Epochs between two evaluations on the test set."""
    checkpoint_every: int = knob(1, advanced=True, live=True, ge=1, le=10_000)
    """Epochs between two checkpoints; there is always one at the end."""
    keep_every: int = knob(0, advanced=True, live=True, ge=0, le=10_000)
    """Epochs between two checkpoints that stay, to fork from; of the others only the last two and the best. 0 keeps none."""
    disk_budget: float | None = knob(None, advanced=True, live=True, gt=0, le=100_000)
    """What the checkpoints of the run may take of the disk, in GB; empty is no limit.

    Beyond it the oldest of those that `keep_every` keeps go first; the last two, the best and the pinned ones stay.
    """


class Parent(Section):
    """The checkpoint from which a forked run starts."""

    run: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Name of the run it was forked from."""
    step: int = Field(ge=0)
    """Number of updates that run had made."""


class Experiment(Section):
    """Everything that decides how a training goes."""

    seed: int = Field(0, ge=0, le=2**31 - 1)
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
    runtime: Runtime = Runtime()
    """The machine."""

    def runs(self) -> "list[Experiment]":
        """One experiment for each of the seeds."""
        return [self.model_copy(update={"seed": self.seed + i, "seeds": 1}) for i in range(self.seeds)]

    @property
    def group(self) -> "Experiment":
        """What all runs of a group have in common."""
        return self.model_copy(update={"seed": 0, "seeds": 1})

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


def _with_names(config: object) -> object:
    """`config` with the default choice filled in wherever a section does not say which one it means."""
    if not isinstance(config, dict):
        return config
    named = dict(config)
    for section in UNIONS:
        if isinstance(value := named.get(section), dict) and "name" not in value:
            named[section] = {"name": Experiment.model_fields[section].default.name, **value}
    return named


def read_file(path: Path) -> dict[str, Any]:
    """The JSON object in `path`, not yet checked. Raises `Refused` if there is none."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(Problem(str(path), f"cannot be read: {error}", "Give the path of a JSON file")) from None
    if not isinstance(config, dict):
        raise Refused(Problem(str(path), "holds no JSON object", "See `rwp-studio schema`"))
    return config


def override(config: dict[str, Any], assignment: str) -> dict[str, Any]:
    """`config` with one "path.to.field=value" applied; the value is JSON, or else a plain string."""
    path, equals, text = assignment.partition("=")
    if not equals or not path:
        raise Refused(Problem("--set", f"{assignment!r} is not of the form field=value"))
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return merge(config, nested(path, value))


def nested(path: str, value: object) -> dict[str, Any]:
    """The configuration that sets nothing but the field of a dotted path."""
    head, _, rest = path.partition(".")
    return {head: nested(rest, value) if rest else value}


def merge(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`config` with `changes` laid over it, section by section."""
    merged = dict(config)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


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
