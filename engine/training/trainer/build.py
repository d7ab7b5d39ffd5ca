"""Build a learner: from an experiment and its images to the network, its flat weights, and the steps on them."""

import torch

from engine.experiment.dataset_info import input_shape
from engine.experiment.schema import Experiment
from engine.training import models
from engine.training.data import TrainingSource
from engine.training.process_group import ALONE, ProcessGroup
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel


def build_learner(
    experiment: Experiment, images: TrainingSource, classes: int, device: torch.device, group: ProcessGroup = ALONE
) -> Learner:
    """The network of `experiment` for so many classes on `device`, at its initial weights, about to train on `images`."""
    module = models.build(experiment, input_shape(experiment), classes, experiment.root)
    return Learner(experiment, FlatModel(module, device, experiment.runtime.compile), images, group)
