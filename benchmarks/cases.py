"""Training loops on random images, without a run around them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from engine.experiment.schema import Experiment, read
from engine.training import models
from engine.training.data import ImageSet, InMemoryTraining
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Case:
    """A network, the images it sees, and how many of them a gradient takes."""

    model: str
    side: int
    batch_size: int

    def __str__(self) -> str:
        return f"{self.model} {self.side}×{self.side}, batch {self.batch_size}"

    @property
    def shape(self) -> tuple[int, int, int]:
        return (1 if self.side == 8 else 3, self.side, self.side)


def experiment(case: Case, method: str, **sections: Any) -> Experiment:
    """The usual settings for `method`."""
    data = {"name": "digits" if case.side == 8 else "cifar10"}
    schedule = {"batch_size": case.batch_size, "epochs": 10_000}
    return read({"data": data, "model": {"name": case.model}, "method": {"name": method}, "schedule": schedule, **sections})


def learner_on_noise(chosen: Experiment, case: Case, device: torch.device = CPU) -> Learner:
    images = ImageSet(torch.randint(0, 256, (512, *case.shape), dtype=torch.uint8), torch.randint(0, 10, (512,)))
    module = models.build(chosen, case.shape, 10, chosen.root)
    return Learner(chosen, FlatModel(module, device), InMemoryTraining(images, chosen, device))


def one_step(case: Case, method: str, streams: str = "sequential", threads: int = 1, **sections: Any) -> Callable[[], object]:
    """One step of a new training, on so many intra-op threads."""
    learner = learner_on_noise(experiment(case, method, **sections), case)
    learner.choose_streams(streams)
    return on_threads(threads, learner.take_step)


def on_threads(threads: int, run: Callable[[], object]) -> Callable[[], object]:
    def there() -> None:
        torch.set_num_threads(threads)
        run()

    return there
