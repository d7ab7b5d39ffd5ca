"""A training loop on the digits, without a run folder around it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import nets
from engine.datasets import TrainingData, load
from engine.experiment import Experiment, read
from engine.loop import Loop
from engine.replica import Replica

MakeLoop = Callable[..., Loop]


@pytest.fixture(scope="session")
def make_loop() -> MakeLoop:
    """make_loop(method=…, **other sections): a loop on digits with small-cnn, batch 64."""

    def make(**config: Any) -> Loop:
        config = {"schedule": {"epochs": 2, "batch_size": 64}, **config}
        experiment: Experiment = read(config)
        splits = load(experiment, Path("unused"), lambda _message, _fraction: None)
        shape = tuple(splits.train.images.shape[1:])
        module = nets.build(experiment, shape, len(splits.classes), experiment.seed)
        device = torch.device("cpu")
        return Loop(experiment, Replica(module, device), TrainingData(splits.train, experiment, device))

    return make
