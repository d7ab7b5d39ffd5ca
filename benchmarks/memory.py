"""What a method needs beside the memory of SGD. `python -m benchmarks.memory METHOD STREAMS` prints the peak of a process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.timing import Row

WIDTH, LAYERS = 1000, 24
"""24 million weights, in layers so small that what one of them needs for a moment does not count."""


def peak(method: str, streams: str) -> int:
    """Bytes that a process holds at most which trains a wide network for three steps."""
    command = [sys.executable, "-m", "benchmarks.memory", method, streams]
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}  # what is freed goes back to the system
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


def bytes_a_weight(method: str, streams: str, plain: int) -> float:
    """Beside the peak of SGD, which is `plain`."""
    return (peak(method, streams) - plain) / (LAYERS * WIDTH**2)


def measure(_: int) -> Iterator[Row]:
    plain = peak("sgd", "sequential")
    for method, streams, goal in (("arwp", "sequential", 4), ("m-arwp", "sequential", 4), ("m-arwp", "parallel", 8)):
        found = bytes_a_weight(method, streams, plain)
        yield Row(f"extra memory of {method} ({streams}), bytes a weight", found, found, found, f"≤ {goal}")


def main(method: str, streams: str) -> None:
    import torch
    from torch import nn

    from engine.experiment.schema import read
    from engine.training.data import ImageSet, InMemoryTraining
    from engine.training.step.learner import Learner
    from engine.training.weights.flat_model import FlatModel

    torch.set_num_threads(1)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, WIDTH), *(nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS)))
    experiment = read({"method": {"name": method}, "schedule": {"batch_size": 2}})
    images = ImageSet(torch.zeros(8, 1, 8, 8, dtype=torch.uint8), torch.zeros(8, dtype=torch.int64))
    device = torch.device("cpu")
    learner = Learner(experiment, FlatModel(net, device), InMemoryTraining(images, experiment, device))
    learner.choose_streams(streams)
    for _ in range(3):
        learner.take_step()
    print(_most_held())


def _most_held() -> int:
    """Bytes, as Linux tells it. (`resource` would tell the peak of whoever started this, where that was higher.)"""
    told = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in told.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(*sys.argv[1:])
