"""Load everything that a training needs."""

from pathlib import Path


def preload() -> None:
    """Import what a training needs and take one step of a small one, which loads the rest."""
    import torch

    from engine.experiment.dataset_info import input_shape
    from engine.experiment.schema import Experiment
    from engine.training.data import Sources, load
    from engine.training.probes.flops import per_image
    from engine.training.trainer import trainer  # noqa: F401 - it is for later
    from engine.training.trainer.build import build_learner

    experiment, device = Experiment(), torch.device("cpu")
    splits = load(experiment, Path(), lambda _message, _fraction: None)
    images = Sources.of(splits, experiment, device, lambda _file, _reason, _count: None).training
    learner = build_learner(experiment, images, len(splits.classes), device)
    learner.take_step()
    per_image(learner.model.module, input_shape(experiment))
