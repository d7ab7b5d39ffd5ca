"""Describe and set up the environment of a run: versions, hardware, threads, the state of the source."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from engine.errors import Problem, Refused
from engine.experiment.distributed_checks import too_many
from engine.experiment.runtime import Runtime
from engine.experiment.schema import Experiment
from engine.machine import cores
from engine.training.process_group import ALONE, ProcessGroup

PACKAGES = ("rwp-studio", "torch", "torchvision", "numpy", "scikit-learn", "pydantic")


def choose_threads(runtime: Runtime, group: ProcessGroup = ALONE) -> None:
    """Set the CPU threads of an operation: as many as the run asks for, or else this process's share of the cores."""
    if runtime.threads or group.size > 1:
        torch.set_num_threads(runtime.threads or max(1, cores() // group.here))


def choose_device(experiment: Experiment, group: ProcessGroup = ALONE) -> torch.device:
    """The device a run asks for. Raises `Refused` if the machine has none such, or fewer than it takes."""
    runtime = experiment.runtime
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if group.size > 1 and runtime.device == "auto":
        there["mps"] = False  # gloo does not speak for it
    name = next(name for name, found in there.items() if found) if runtime.device == "auto" else runtime.device
    if not there[name]:
        raise Refused(Problem("runtime.device", f"this machine has no {name} device", "Choose auto or cpu"))
    if name == "mps" and group.size > 1:
        raise Refused(Problem("runtime.device", f"mps cannot be shared by {group.size} processes", "Choose cpu, or 1 process"))
    if name == "cpu" and runtime.precision == "fp16":
        raise Refused(Problem("runtime.precision", "fp16 needs an accelerator", "Choose bf16 or fp32 on the CPU"))
    if name == "cpu" and (problems := list(too_many(group.here))):
        raise Refused(*problems)
    there_are = torch.cuda.device_count() if name == "cuda" else 1
    if experiment.devices > there_are:
        what = f"{experiment.devices} GPUs are asked for, this process has {there_are if name == 'cuda' else 'none'}"
        raise Refused(Problem("runtime.devices", what, "Choose 1"))
    if name == "cuda" and group.here > there_are:
        what = f"{group.here} processes need a device each, this machine has {there_are}"
        raise Refused(Problem("runtime.processes", what, f"Choose at most {there_are}, or runtime.device cpu"))
    return torch.device(name)


def describe(device: torch.device) -> dict[str, str | int | None]:
    """What env.json tells."""
    return {
        **{name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": name_of(device),
        "threads": torch.get_num_threads(),
        "git": _commit(),
    }


def name_of(device: torch.device) -> str:
    """What the device is called."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or device.type


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        nothing = subprocess.DEVNULL  # the standard input of an engine is its run's lock, which nobody else is to hold
        return subprocess.run(command, stdin=nothing, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
