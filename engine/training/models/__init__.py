"""Networks: each is a function of the input shape (C, H, W) and the number of classes."""

import pkgutil

import torch
from torch import nn

from engine.catalogue import MODELS
from engine.experiment.schema import Experiment
from engine.experiment.seeds import seed_for
from engine.training.rng import start


def build(experiment: Experiment, shape: tuple[int, int, int], classes: int, seed: int) -> nn.Module:
    """The network of `experiment` on the CPU, with initial weights that depend on `seed` alone."""
    constructor = pkgutil.resolve_name(MODELS[experiment.model.name].build)
    with torch.random.fork_rng(devices=[]):
        start(torch.default_generator, seed_for(seed, "init"))
        module: nn.Module = constructor(shape, classes)
    return module
