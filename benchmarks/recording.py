"""What recording costs: a step that is recorded against one that is not, in turn. `python -m benchmarks.recording`"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

from engine import nets
from engine.control import Control
from engine.datasets import ImageSet, TrainingData
from engine.experiment import Experiment, read
from engine.journal import Journal
from engine.loop import Loop
from engine.replica import Replica
from engine.run import Run


def loop_on_noise(experiment: Experiment) -> Loop:
    """A loop on random 32×32 images."""
    images = ImageSet(torch.randint(0, 256, (512, 3, 32, 32), dtype=torch.uint8), torch.randint(0, 10, (512,)))
    module = nets.build(experiment, (3, 32, 32), 10, experiment.seed)
    device = torch.device("cpu")
    return Loop(experiment, Replica(module, device), TrainingData(images, experiment, device))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    schedule = {"batch_size": given.batch_size, "epochs": 10_000}
    experiment = read({"data": {"name": "cifar10"}, "model": {"name": given.model}, "schedule": schedule})
    loop = loop_on_noise(experiment)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder), experiment)
        journal = Journal(run)
        control = Control(run, journal)
        plain, recorded = [], []
        for _ in range(given.rounds + 2):
            start = time.perf_counter()
            loop.train()
            middle = time.perf_counter()
            journal.record(loop.step, middle, loop.train())
            control.look()
            end = time.perf_counter()
            plain.append(middle - start)
            recorded.append(end - middle)
        journal.close()
    ratios = sorted(b / a for a, b in zip(plain[2:], recorded[2:], strict=True))
    low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    print(f"{given.model}, batch {given.batch_size}, {torch.get_num_threads()} threads, {given.rounds} rounds in turn")
    print(f"recorded / not recorded: {statistics.median(ratios):.3f} (quartiles {low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
