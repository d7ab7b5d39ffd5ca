"""Devices: what this machine can train on, told without loading torch."""

import os
import platform
from pathlib import Path

from engine.experiment import Experiment


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


def environment(device: str) -> dict[str, str]:
    """The variables that keep an engine to `device`."""
    kind, _, name = device.partition(":")
    return {"CUDA_VISIBLE_DEVICES": name} if kind == "cuda" and name else {}
