"""Load the dataset of an experiment, and take from it what the experiment asks for."""

import pkgutil
from dataclasses import replace
from pathlib import Path

import torch

from engine.errors import Problem, Refused
from engine.experiment.schema import Experiment
from engine.training.data.progress import Progress, paced
from engine.training.data.types import FileSet, ImageSet, Splits
from engine.training.rng import generator

Stored = ImageSet | FileSet


def load(experiment: Experiment, data_dir: Path, progress: Progress) -> Splits:
    """The images of `experiment`, with its `train_size` and `label_noise` applied to the training set.

    Raises `Refused` for whatever a person can mend, and lets through what `progress` raises.
    """
    splits: Splits = pkgutil.resolve_name(experiment.dataset.load)(experiment, data_dir, paced(progress))
    _check_sizes(experiment, len(splits.train.labels))
    return replace(splits, train=_with_noise(_subset(splits.train, experiment), len(splits.classes), experiment))


def _check_sizes(experiment: Experiment, there: int) -> None:
    """Refuse what only the files could tell to be too much; `preflight` has seen the rest."""
    wanted, batch = experiment.data.train_size or there, experiment.schedule.batch_size
    if wanted > there:
        what = f"{experiment.data.name} has only {there} training images"
        raise Refused(Problem("data.train_size", what, f"Ask for at most {there}"))
    if batch > wanted:
        what = f"one batch of {batch} is more than the {wanted} training images"
        raise Refused(Problem("schedule.batch_size", what, f"Choose at most {wanted}"))


def _subset(images: Stored, experiment: Experiment) -> Stored:
    """`train_size` images drawn without replacement, in their stored order."""
    size = experiment.data.train_size
    if size is None:
        return images
    order = torch.randperm(len(images.labels), generator=generator("cpu", experiment.root, "subset"))
    return images.take(order[:size].sort().values)


def _with_noise(images: Stored, classes: int, experiment: Experiment) -> Stored:
    """The fraction `label_noise` of the labels redrawn uniformly over all classes, the true one included."""
    total = len(images.labels)
    count = round(experiment.data.label_noise * total)
    source = generator("cpu", experiment.root, "label noise")
    redrawn = torch.randperm(total, generator=source)[:count]
    labels = images.labels.clone()
    labels[redrawn] = torch.randint(classes, (count,), generator=source)
    return replace(images, labels=labels)
