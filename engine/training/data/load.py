"""Load the dataset of an experiment, and take from it what the experiment asks for."""

import pkgutil
from dataclasses import replace
from pathlib import Path

import torch

from engine.errors import Refused
from engine.experiment.schema import Experiment
from engine.experiment.validate import too_few
from engine.training.data.progress import Progress, paced
from engine.training.data.split import split
from engine.training.data.types import FileSet, ImageSet, Splits
from engine.training.rng import generator

Stored = ImageSet | FileSet


def load(experiment: Experiment, data_dir: Path, progress: Progress) -> Splits:
    """The images of `experiment`, with its `validation_split`, `train_size` and `label_noise` applied to the training set.

    Raises `Refused` for whatever a person can mend, and lets through what `progress` raises.
    """
    splits: Splits = pkgutil.resolve_name(experiment.dataset.load)(experiment, data_dir, paced(progress))
    if found := too_few(experiment, len(splits.train.labels)):  # which `check` could not see where only the files tell
        raise Refused(*found)
    splits = _held_out(splits, experiment)
    return replace(splits, train=_with_noise(_subset(splits.train, experiment), len(splits.classes), experiment))


def _held_out(splits: Splits, experiment: Experiment) -> Splits:
    """With part of the training images in the place of the test images, where `validation_split` says so.

    They are the same for every seed, as the test images are: what differs between seeds is the training, not what it is measured
    on, and a seed of one method is compared with that of another on the same images.
    """
    if not experiment.data.validation_split:
        return splits
    count = experiment.data.held_out(len(splits.train.labels))
    kept, held_out = split(splits.train.labels, count)
    return replace(splits, train=splits.train.take(kept), test=splits.train.take(held_out))


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
