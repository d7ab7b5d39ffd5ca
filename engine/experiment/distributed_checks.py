"""Whether an experiment can be trained by several processes, and why not."""

from collections.abc import Iterator

from engine.errors import Problem
from engine.experiment.data import ImageNet
from engine.experiment.portions import shared
from engine.experiment.schema import Experiment
from engine.machine import cores

PER_CORE = 4
"""Processes a CPU core can be asked to take in turn: slow, but enough to try things out."""


def problems(experiment: Experiment, running: int | None = None) -> list[Problem]:
    """What keeps `experiment` from being trained by its number of processes, or by those that are `running`."""
    wanted, streams = experiment.runtime.processes, experiment.runtime.streams
    count = running or wanted
    if count == 1:
        return [*_too_few(wanted, streams, running)]
    cores_asked = count if experiment.runtime.device == "cpu" else 1
    return [*too_many(cores_asked), *_unfit(experiment, count), *_uneven(experiment, count)]


def _too_few(wanted: int, streams: str, running: int | None) -> Iterator[Problem]:
    if running and wanted > 1:
        cure = f"Start it with torchrun --nproc-per-node {wanted} -m engine, or from the page"
        yield Problem("runtime.processes", f"this run is for {wanted} processes and was started as one", cure)
    elif streams == "distributed":
        yield Problem("runtime.processes", "distributed streams need several processes", "Choose at least 2, or streams auto")


def too_many(count: int) -> Iterator[Problem]:
    """Whether `count` processes are more than the CPU cores here can be asked to bear."""
    most = PER_CORE * cores()
    if count > most:
        what = f"{count} processes are more than {PER_CORE} for each of the {cores()} CPU cores here"
        yield Problem("runtime.processes", what, f"Choose at most {most}")


def _unfit(experiment: Experiment, count: int) -> Iterator[Problem]:
    if experiment.runtime.streams in ("sequential", "parallel"):
        what = f"{experiment.runtime.streams} is a way of one process, not of {count}"
        yield Problem("runtime.streams", what, "Choose auto or distributed, or 1 process")
    if experiment.runtime.devices > 1:
        what = f"two GPUs are for one process, of {count} each has one"
        yield Problem("runtime.devices", what, "Choose 1")
    if experiment.runtime.compile:
        what = "a compiled network does not speak with those of other processes"
        yield Problem("runtime.compile", what, "Turn it off, or choose 1 process")
    if isinstance(experiment.data, ImageNet):
        what = f"images that are read during the training cannot be shared by {count} processes"
        yield Problem("runtime.processes", what, "Choose 1, or the dataset folder, which lies in memory")
    if experiment.method.streams == 2 and count % 2:
        what = f"the two gradients of {experiment.method.name} need an even number of processes, {count} is odd"
        yield Problem("runtime.processes", what, f"Choose {count - 1} or {count + 1}")


def _uneven(experiment: Experiment, count: int) -> Iterator[Problem]:
    """Every process gets an equal share of whatever is computed at once."""
    sharers = count // 2 if experiment.method.streams == 2 else count
    uneven = [size for size in shared(experiment) if size % sharers]
    if uneven:
        what = f"{uneven[0]} images at a time cannot be shared equally by {sharers} processes"
        yield Problem("schedule.batch_size", what, f"Choose batches, shards and parts that are multiples of {sharers}")
