"""Several processes for one training: what keeps an experiment from it, and how they are started."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.errors import Problem
from engine.experiment.data import ImageNet
from engine.experiment.portions import shared
from engine.experiment.schema import Experiment
from engine.processes import START, python

PER_CORE = 4
"""Processes a CPU core can be asked to take in turn: slow, but enough to try things out."""
MEETING = "RWP_STUDIO_MEETING"
RESTARTS = 3
"""How often a training whose process died goes on from its last checkpoint by itself."""


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def problems(experiment: Experiment, running: int | None = None) -> list[Problem]:
    """What keeps `experiment` from being trained by its number of processes, or by those that are `running`."""
    wanted, streams = experiment.runtime.processes, experiment.runtime.streams
    count = running or wanted
    if count == 1:
        return [*_too_few(wanted, streams, running)]
    cores_asked = count if experiment.runtime.device == "cpu" else 1
    return [*too_many(cores_asked), *_unfit(experiment, count), *_uneven(experiment, count)]


def is_restart() -> bool:
    """Whether torchrun has started this process anew after one died."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"


def command(count: int, meeting: Path, module: str, *arguments: str) -> list[str]:
    """How a module is started in `count` processes on this machine.

    They meet in files whose names begin with `meeting`: torch's own meeting place is open to the whole network.
    """
    if count == 1:
        return python(module, *arguments)
    shape = ["--nnodes", "1", "--nproc-per-node", str(count), "--max-restarts", str(RESTARTS)]
    place = ["--rdzv-backend", "c10d", "--rdzv-endpoint", f"{meeting}-of-launchers", "--rdzv-conf", "store_type=file"]
    each = [str(START), module, *arguments]
    return python("torch.distributed.run", *shape, *place, "--local-addr", "127.0.0.1", *each)


def surroundings(meeting: Path) -> dict[str, str]:
    """The environment in which they are started: they speak with each other on this machine alone."""
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    return {
        MEETING: str(meeting),
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        "OMP_NUM_THREADS": "1",  # until they know what their run asks for
    }


def meeting_place() -> str:
    """Where the processes find each other, as an address of torch's: a new file after every restart."""
    meeting = os.environ.get(MEETING)
    return f"file://{meeting}-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}" if meeting else "env://"


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
