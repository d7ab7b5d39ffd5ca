"""What a method needs beside the memory of SGD, measured as the peak of a process of its own."""

import os
import resource
import subprocess
import sys

import pytest
from torch import nn

WIDTH, LAYERS = 1000, 24
"""24 million weights, in layers so small that what one of them needs for a moment does not count."""


def peak(method: str, streams: str) -> int:
    """Bytes a process has held at most that trains a wide network for three updates."""
    command = [sys.executable, "-m", "tests.engine.test_memory", method, streams]
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}  # what is freed goes back to the system
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.fixture(scope="module")
def plain() -> int:
    return peak("sgd", "sequential")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is told in other units elsewhere")
@pytest.mark.parametrize(
    ("method", "streams", "vectors"),
    [
        ("rwp", "sequential", 1),
        ("arwp", "sequential", 1),
        ("m-rwp", "sequential", 1),
        ("m-arwp", "sequential", 1),
        ("m-arwp", "parallel", 2),
        ("sam", "sequential", 1),
    ],
)
def test_floats_a_weight_beside_those_of_sgd(plain: int, method: str, streams: str, vectors: int) -> None:
    floats = (peak(method, streams) - plain) / (4 * LAYERS * WIDTH**2)
    assert vectors - 0.1 < floats < vectors + 0.1


def main(method: str, streams: str) -> None:
    import torch

    from engine.datasets import ImageSet, TrainingData
    from engine.experiment import read
    from engine.loop import Loop
    from engine.replica import Replica

    torch.set_num_threads(1)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, WIDTH), *(nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS)))
    experiment = read({"method": {"name": method}, "schedule": {"batch_size": 2}})
    images = ImageSet(torch.zeros(8, 1, 8, 8, dtype=torch.uint8), torch.zeros(8, dtype=torch.int64))
    device = torch.device("cpu")
    loop = Loop(experiment, Replica(net, device), TrainingData(images, experiment, device))
    loop.choose_streams(streams)
    for _ in range(3):
        loop.train()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
