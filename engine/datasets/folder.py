"""A folder of one's own images, small enough for the memory."""

from pathlib import Path

import psutil
import torch

from engine import folders
from engine.datasets.images import ImageSet, Splits
from engine.datasets.picture import TooLarge, Unreadable, read
from engine.datasets.progress import Progress
from engine.errors import Problem, Refused
from engine.experiment import Experiment
from engine.sections import Folder


def load(experiment: Experiment, _data_dir: Path, progress: Progress) -> Splits:
    """Every readable image as RGB of `image_size` pixels a side; the folders of train/ name the classes."""
    data = experiment.data
    assert isinstance(data, Folder)
    root = Path(data.path)
    if found := folders.problems(root):
        raise Refused(*found)
    classes = folders.classes(root)
    try:
        parts = {part: _files(root, part, classes) for part in folders.PARTS}
    except OSError as error:
        raise Refused(folders.unreadable(error)) from None
    _check_memory(sum(map(len, parts.values())), data.image_size)
    train, test = (_read_set(root / part, files, classes, data.image_size, progress) for part, files in parts.items())
    return Splits(train, test, classes)


def _files(root: Path, part: str, classes: tuple[str, ...]) -> list[Path]:
    return [root / part / name / file for name in classes for file in folders.files(root, part, name)]


def _check_memory(count: int, size: int) -> None:
    needed, there = count * 3 * size * size, psutil.virtual_memory().available
    if needed > there:
        what = f"{count} images of {size}×{size} pixels need {needed / 1e9:.1f} GB of memory, {there / 1e9:.1f} GB are free"
        raise Refused(Problem("data.image_size", what, "Choose smaller images"))


def _read_set(part: Path, files: list[Path], classes: tuple[str, ...], size: int, progress: Progress) -> ImageSet:
    """The readable ones of `files`, and what became of the others through `progress`."""
    images = torch.empty(len(files), 3, size, size, dtype=torch.uint8)
    labels: list[int] = []
    skipped: list[Path] = []
    for count, file in enumerate(files):
        progress(f"Reading {part.name}/: {count} of {len(files)} images", count / len(files))
        try:
            images[len(labels)] = read(file, size)
        except Unreadable:
            skipped.append(file)
        except TooLarge as error:
            raise _refused(f"{file} is too large: {error}", "Make it smaller or remove it") from None
        else:
            labels.append(classes.index(file.parent.name))
    _check_classes(part, labels, classes)
    progress(_summary(part, len(labels), skipped), 1.0)
    return ImageSet(images[: len(labels)], torch.tensor(labels))


def _check_classes(part: Path, labels: list[int], classes: tuple[str, ...]) -> None:
    for missing in sorted(set(range(len(classes))) - set(labels)):
        raise Refused(folders.empty(part.parent, part.name, classes[missing]))


def _summary(part: Path, read_count: int, skipped: list[Path]) -> str:
    left_out = f"; {len(skipped)} could not be read and are left out (the first: {skipped[0]})" if skipped else ""
    return f"Read {read_count} images from {part.name}/{left_out}"


def _refused(what: str, cure: str) -> Refused:
    return Refused(Problem("data.path", what, cure))
