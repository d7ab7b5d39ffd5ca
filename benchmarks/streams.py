"""Two gradients at the same time against one after the other, SAM and SGD, in turn. `python -m benchmarks.streams`"""

import argparse
import statistics
import time

import torch

from benchmarks.recording import loop_on_noise
from engine.experiment import read
from engine.loop import Loop

WAYS = {
    "sgd, 1 core": ("sgd", "sequential", 1),
    "sam, 1 core": ("sam", "sequential", 1),
    "sam, 2 cores": ("sam", "sequential", 2),
    "m-arwp one after the other, 2 cores": ("m-arwp", "sequential", 2),
    "m-arwp at the same time, 1 core each": ("m-arwp", "parallel", 1),
}
REFERENCES = ("sgd, 1 core", "sam, 1 core", "sam, 2 cores", "m-arwp one after the other, 2 cores")


def loop_of(model: str, batch_size: int, method: str, streams: str) -> Loop:
    config = {"data": {"name": "cifar10"}, "model": {"name": model}, "method": {"name": method}}
    loop = loop_on_noise(read({**config, "schedule": {"batch_size": batch_size, "epochs": 10_000}}))
    loop.choose_streams(streams)
    return loop


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    loops = {way: loop_of(given.model, given.batch_size, method, streams) for way, (method, streams, _) in WAYS.items()}
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(given.rounds + 1):
        for way, loop in loops.items():
            torch.set_num_threads(WAYS[way][2])
            start = time.perf_counter()
            loop.train()
            taken[way].append(time.perf_counter() - start)
    print(f"{given.model}, batch {given.batch_size}, {given.rounds} rounds in turn: m-arwp at the same time, 1 core each /")
    for way in REFERENCES:
        ratios = sorted(a / b for a, b in zip(taken["m-arwp at the same time, 1 core each"][1:], taken[way][1:], strict=True))
        quarter = len(ratios) // 4
        print(f"  {way:38s} {statistics.median(ratios):.2f} (quartiles {ratios[quarter]:.2f} to {ratios[-1 - quarter]:.2f})")


if __name__ == "__main__":
    main()
