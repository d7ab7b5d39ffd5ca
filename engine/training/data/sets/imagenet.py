"""ImageNet (Deng et al. 2009, https://www.image-net.org), or any folder of images too large for the memory.

Its images stay in their files: `streaming` reads them while the training goes on.
"""

import os
from pathlib import Path

import numpy as np
import torch

from engine.errors import Refused
from engine.experiment import image_folder
from engine.experiment.data import ImageNet
from engine.experiment.schema import Experiment
from engine.training.data.progress import Progress
from engine.training.data.types import FileSet, Splits


def load(experiment: Experiment, _data_dir: Path, progress: Progress) -> Splits:
    """The names of all images; the folders of train/ name the classes."""
    data = experiment.data
    assert isinstance(data, ImageNet)
    root = Path(data.path)
    if found := image_folder.problems(root):
        raise Refused(*found)
    classes = image_folder.classes(root)
    try:
        train, test = (_listed(root, part, classes, progress) for part in image_folder.PARTS)
    except OSError as error:
        raise Refused(image_folder.unreadable(error)) from None
    return Splits(train, test, classes)


def _listed(root: Path, part: str, classes: tuple[str, ...], progress: Progress) -> FileSet:
    """The images of train/ or val/; their names as bytes, a tenth of the size of a million paths."""
    names: list[bytes] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        progress(f"Listing {part}/: {len(names)} images", label / len(classes))
        there = image_folder.files(root, part, name)
        if not there:
            raise Refused(image_folder.empty(root, part, name))
        names += [os.fsencode(f"{name}/{file}") for file in there]
        labels += [label] * len(there)
    progress(f"Found {len(names)} images in {part}/", 1.0)
    return FileSet(root / part, np.array(names), torch.tensor(labels))
