"""A folder of one's own images: train/ and val/, in each one folder of images per class."""

from pathlib import Path

import psutil
import torch

from engine.datasets.images import ImageSet, Splits
from engine.datasets.picture import TooLarge, Unreadable, read
from engine.datasets.progress import Progress
from engine.errors import Problem, Refused
from engine.experiment import Experiment, Folder
from engine.preflight import class_folders_missing

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")


def load(experiment: Experiment, _data_dir: Path, progress: Progress) -> Splits:
    """Every readable image as RGB of `image_size` pixels a side; the folders of train/ name the classes."""
    data = experiment.data
    assert isinstance(data, Folder)
    root = Path(data.path)
    if problems := class_folders_missing(root):
        raise Refused(*problems)
    try:
        classes, parts = _listed(root)
    except OSError as error:
        raise _refused(f"{error.filename} cannot be read: {error.strerror}", "Make it readable") from None
    _check_memory(sum(map(len, parts.values())), data.image_size)
    train, test = (_read_set(root / part, files, classes, data.image_size, progress) for part, files in parts.items())
    return Splits(train, test, classes)


def _listed(root: Path) -> tuple[tuple[str, ...], dict[str, list[Path]]]:
    """The class names, and the image files of train/ and val/."""
    train, val = (_class_names(root / part, root) for part in ("train", "val"))
    for name in sorted(train ^ val):
        has, lacks = ("train", "val") if name in train else ("val", "train")
        what = f"class {name!r} is in {has}/ and not in {lacks}/"
        raise _refused(what, f"Make the folder {root / lacks / name} with images of it, or remove {root / has / name}")
    if len(train) < 2:
        raise _refused(f"{root / 'train'} has only one class", "Give at least two folders of images to tell apart")
    classes = tuple(sorted(train))
    return classes, {part: [file for name in classes for file in _files(root / part / name, root)] for part in ("train", "val")}


def _class_names(part: Path, root: Path) -> set[str]:
    return {entry.name for entry in part.iterdir() if entry.is_dir() and _belongs(entry, root)}


def _files(folder: Path, root: Path) -> list[Path]:
    """The images in `folder`, sorted by name."""
    entries = sorted(entry for entry in folder.iterdir() if entry.suffix.lower() in SUFFIXES)
    return [entry for entry in entries if entry.is_file() and _belongs(entry, root)]


def _belongs(entry: Path, root: Path) -> bool:
    """Whether `entry` is neither hidden nor a link that leads out of `root`."""
    return not entry.name.startswith(".") and entry.resolve().is_relative_to(root.resolve())


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
        what = f"{part / classes[missing]} has no readable image in it"
        raise _refused(what, f"Put images ({', '.join(SUFFIXES)}) into it, or remove it from train/ and val/")


def _summary(part: Path, read_count: int, skipped: list[Path]) -> str:
    left_out = f"; {len(skipped)} could not be read and are left out (the first: {skipped[0]})" if skipped else ""
    return f"Read {read_count} images from {part.name}/{left_out}"


def _refused(what: str, cure: str) -> Refused:
    return Refused(Problem("data.path", what, cure))
