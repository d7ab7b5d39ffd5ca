"""Devices: what this machine can train on, told without loading torch."""

import os
import platform
from pathlib import Path

from engine.experiment.schema import Experiment

OF_A_PROCESS = {
    "OMP_WAIT_POLICY": "passive",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "MALLOC_TOP_PAD_": str(2**26),
    "MALLOC_ARENA_MAX": "1",
}
"""Variables in which an engine is started, where they are not set: threads that wait do not spin, and memory is kept once it is
taken, which the C library would give back and take again with every update."""


def accelerators() -> list[str]:
    """The accelerators that a training may use: cuda:0, cuda:1 …, or mps."""
    if platform.system() == "Darwin":
        return ["mps"] if platform.machine() == "arm64" else []
    there = [path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*")]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = sorted(there, key=int) if visible is None else [name.strip() for name in visible.split(",") if name.strip()]
    return [f"cuda:{name}" for name in names] if there else []


def kinds() -> list[str]:
    """What sorts of devices there are: cpu, and of cuda and mps what this machine has."""
    return list(dict.fromkeys(name.partition(":")[0] for name in ("cpu", *accelerators())))


def suitable(experiment: Experiment) -> list[str]:
    """The devices of which any one can train `experiment`; never empty, for the engine says best what is missing."""
    wanted, there = experiment.runtime.device, accelerators()
    fitting = [name for name in there if wanted == "auto" or name.startswith(wanted)]
    return fitting or ["cpu" if wanted == "auto" else wanted]


def chosen(experiment: Experiment, devices: list[str]) -> str:
    """The first of `devices`, or for a process that has work for two of them the first two: cuda:0,1."""
    kind = devices[0].partition(":")[0]
    alike = [name.removeprefix(f"{kind}:") for name in devices if name.startswith(f"{kind}:")]
    count = experiment.devices
    return f"{kind}:{','.join(alike[:count])}" if count > 1 and len(alike) > 1 else devices[0]


def single(device: str) -> list[str]:
    """The devices of which a run's is made up: cuda:0,1 is cuda:0 and cuda:1."""
    kind, colon, names = device.partition(":")
    return [f"{kind}{colon}{name}" for name in names.split(",")]


def environment(device: str) -> dict[str, str]:
    """The variables that keep an engine to `device`."""
    kind, _, name = device.partition(":")
    return {"CUDA_VISIBLE_DEVICES": name} if kind == "cuda" and name else {}
