"""Ensure that the files of a dataset are in the data folder: out of an archive there, or from the network."""

from pathlib import Path

from engine.errors import Problem, Refused
from engine.experiment.data import BuiltIn
from engine.experiment.dataset_info import how_to_provide
from engine.experiment.schema import Experiment
from engine.training.data.download.fetch import Archive, Unreachable, fetch
from engine.training.data.download.unpack import unpack
from engine.training.data.download.verify import verified, writing
from engine.training.data.progress import Progress


def ensure(archive: Archive, experiment: Experiment, data_dir: Path, progress: Progress) -> None:
    """See to it that the files `archive` holds are there: unpacked from it, and it downloaded, where need be."""
    if all(path.is_file() for path in archive.holds):
        return
    with writing(data_dir):
        archive.path.parent.mkdir(parents=True, exist_ok=True)
        if not archive.path.is_file():
            _download(archive, experiment, data_dir, progress)
        verified(archive.path, archive.md5)
        unpack(archive, data_dir, progress)


def _download(archive: Archive, experiment: Experiment, data_dir: Path, progress: Progress) -> None:
    name = experiment.data.name
    if isinstance(experiment.data, BuiltIn) and not experiment.data.download:
        what = f"{archive.path} is missing and downloading is switched off"
        raise Refused(Problem("data.name", what, how_to_provide(experiment, data_dir)))
    try:
        fetch(archive, progress)
    except Unreachable as error:
        what = f"{name} could not be downloaded ({error})"
        raise Refused(Problem("data.name", what, how_to_provide(experiment, data_dir))) from None
