"""Load everything that a training needs."""

from pathlib import Path


def preload() -> None:
    """Import what a training needs and make one update of a small one, which loads the rest."""
    import torch

    from engine.experiment.dataset_info import input_shape
    from engine.experiment.schema import Experiment
    from engine.training import models
    from engine.training.data import Supply, load
    from engine.training.probes.flops import per_image
    from engine.training.step.learner import Loop
    from engine.training.trainer import trainer  # noqa: F401 - train is for later
    from engine.training.weights.flat_model import Replica

    experiment, device = Experiment(), torch.device("cpu")
    splits = load(experiment, Path(), lambda _message, _fraction: None)
    module = models.build(experiment, input_shape(experiment), len(splits.classes), experiment.root)
    images = Supply.of(splits, experiment, device, lambda _file, _reason, _count: None).training
    Loop(experiment, Replica(module, device), images).train()
    per_image(module, input_shape(experiment))
