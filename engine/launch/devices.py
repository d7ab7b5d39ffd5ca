"""Choose devices: which of this machine's can train an experiment."""

from engine.experiment.schema import Experiment
from engine.machine import accelerators


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
