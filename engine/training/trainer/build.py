"""Build: from an experiment and its images to the loop that trains on them."""

import torch

from engine.experiment.dataset_info import input_shape
from engine.experiment.schema import Experiment
from engine.training import models
from engine.training.data import TrainingSource
from engine.training.process_group import ALONE, World
from engine.training.step.learner import Loop
from engine.training.weights.flat_model import Replica


def build_learner(
    experiment: Experiment, images: TrainingSource, classes: int, device: torch.device, world: World = ALONE
) -> Loop:
    """The network of `experiment` for so many classes on `device`, at its initial weights, about to train on `images`."""
    module = models.build(experiment, input_shape(experiment), classes, experiment.root)
    return Loop(experiment, Replica(module, device, experiment.runtime.compile), images, world)
