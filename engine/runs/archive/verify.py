"""Verify that the files of an archive are those of a run, before anything else opens them."""

import hashlib
import json
from pathlib import Path

from engine.errors import Problem, Refused
from engine.experiment import fingerprint, image_folder
from engine.experiment.data import Folder
from engine.experiment.folder_contents import contents
from engine.experiment.overrides import merge
from engine.experiment.paths import located
from engine.experiment.schema import Experiment, read, read_stored
from engine.files.atomic import write_atomically
from engine.runs.archive import check_arrays, check_checkpoints, check_database
from engine.runs.archive.manifest import faulty
from engine.runs.labels import FILE, read_labels
from engine.runs.reader import DATABASE


def verify_files(folder: Path, images: str) -> None:
    """Look at every file in `folder`. Raises `Refused` with what is wrong in which of them.

    A run that learns from a folder of images names a place on the machine where it was made: it learns from `images`
    here, and without such a folder it is refused, for a stranger has no say in what is read on this machine.
    """
    experiment = _experiment(folder / "config.json", images)
    _labels(folder / FILE)
    _environment(folder / "env.json")
    if (folder / DATABASE).exists():
        check_database.check(folder / DATABASE, experiment)
    for path in sorted((folder / "arrays").iterdir()):
        check_arrays.check(path)
    check_checkpoints.check(folder / "checkpoints")


def _experiment(path: Path, images: str) -> Experiment:
    experiment, digest = read_stored(_object(path)), path.with_suffix(".sha256")
    if digest.exists() and digest.read_bytes() != _sha256(path):
        raise faulty(path.name, "is not what its .sha256 says")
    if not isinstance(experiment.data, Folder):
        return experiment
    if not images:
        what = f"this run learns from a folder of images on another machine, {experiment.data.path[:200]!r}"
        raise Refused(Problem("data.path", what, "Give the folder that holds the same images here, with train/ and val/ in it"))
    images = located(images)
    if problems := image_folder.problems(Path(images)):
        raise Refused(*problems)
    _images(path.with_name(fingerprint.FILE), Path(images))
    experiment = read(merge(experiment.model_dump(), {"data": {"path": images}}))
    write_atomically(path, experiment.model_dump_json(indent=2).encode())
    write_atomically(digest, _sha256(path))
    return experiment


def _images(path: Path, images: Path) -> None:
    """Refuse a folder whose classes are others; that some of its images are, is told when the run trains."""
    if not path.exists():
        return
    kept, now = fingerprint.read_fingerprint(path.read_bytes()), contents(images).fingerprint
    if kept.train.keys() != now.train.keys():
        what = f"{images} holds other images than the run learned from: {fingerprint.told(kept, now)}"
        raise Refused(Problem("data.path", what, "Give the folder that holds the same images here"))


def _sha256(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).hexdigest().encode()


def _labels(path: Path) -> None:
    if path.exists():
        read_labels(_object(path))


def _environment(path: Path) -> None:
    if path.exists() and any(isinstance(value, (dict, list)) for value in _object(path).values()):
        raise faulty(path.name, "does not tell versions and hardware")


def _object(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise faulty(path.name, "holds no JSON object")
    return found
