"""A folder of one's own images, small enough for the memory."""

from pathlib import Path

import psutil
import torch

from engine.errors import Problem, Refused
from engine.experiment import image_folder
from engine.experiment.data import Folder
from engine.experiment.schema import Experiment
from engine.training.data.picture import TooLarge, Unreadable, read
from engine.training.data.progress import Progress
from engine.training.data.types import ImageSet, Splits


def load(experiment: Experiment, _data_dir: Path, progress: Progress) -> Splits:
    """Every readable image as RGB of `image_size` pixels a side; the folders of train/ name the classes."""
    data = experiment.data
    assert isinstance(data, Folder)
    root = Path(data.path)
    if found := image_folder.problems(root):
        raise Refused(*found)
    classes = image_folder.classes(root)
    try:
        parts = {part: _files(root, part, classes) for part in image_folder.PARTS}
    except OSError as error:
        raise Refused(image_folder.unreadable(error)) from None
    _check_memory(sum(map(len, parts.values())), data.image_size)
    read_sets = (_read_set(root / part, files, classes, data.image_size, progress) for part, files in parts.items())
    (train, no_training), (test, no_test) = read_sets
    return Splits(train, test, classes, (*no_training, *no_test))


def _files(root: Path, part: str, classes: tuple[str, ...]) -> list[Path]:
    return [root / part / name / file for name in classes for file in image_folder.files(root, part, name)]


def _check_memory(count: int, size: int) -> None:
    needed, there = count * 3 * size * size, psutil.virtual_memory().available
    if needed > there:
        what = f"{count} images of {size}×{size} pixels need {needed / 1e9:.1f} GB of memory, {there / 1e9:.1f} GB are free"
        raise Refused(Problem("data.image_size", what, "Choose smaller images"))


def _read_set(
    part: Path, files: list[Path], classes: tuple[str, ...], size: int, progress: Progress
) -> tuple[ImageSet, list[tuple[str, str]]]:
    """The readable ones of `files`, and the others with the reason."""
    images = torch.empty(len(files), 3, size, size, dtype=torch.uint8)
    labels: list[int] = []
    left_out: list[tuple[str, str]] = []
    for count, file in enumerate(files):
        progress(f"Reading {part.name}/: {count} of {len(files)} images", count / len(files))
        try:
            images[len(labels)] = read(file, size)
        except Unreadable as error:
            left_out.append((str(file), str(error)))
        except TooLarge as error:
            raise _refused(f"{file} is too large: {error}", "Make it smaller or remove it") from None
        else:
            labels.append(classes.index(file.parent.name))
    _check_classes(part, labels, classes)
    progress(f"Read {len(labels)} images from {part.name}/", 1.0)
    return ImageSet(images[: len(labels)], torch.tensor(labels)), left_out


def _check_classes(part: Path, labels: list[int], classes: tuple[str, ...]) -> None:
    for missing in sorted(set(range(len(classes))) - set(labels)):
        raise Refused(image_folder.empty(part.parent, part.name, classes[missing]))


def _refused(what: str, cure: str) -> Refused:
    return Refused(Problem("data.path", what, cure))
