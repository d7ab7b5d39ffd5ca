"""What is known of a dataset before it is loaded: shape, classes, how many images, how to get it."""

from pathlib import Path

from engine.catalogue import DATASETS
from engine.experiment import image_folder
from engine.experiment.data import BuiltIn, Folder, ImageNet
from engine.experiment.folder_contents import known_contents
from engine.experiment.schema import Experiment


def input_shape(experiment: Experiment) -> tuple[int, int, int]:
    """Channels, height and width of the images that the model will see."""
    data = experiment.data
    return (3, data.image_size, data.image_size) if isinstance(data, Folder) else experiment.dataset.shape


def training_images(data: BuiltIn | Folder | ImageNet) -> int:
    """How many images there are to learn from. Counts files where only they can tell; raises `OSError` if it cannot."""
    if data.train_size:
        return data.train_size
    there = _files_to_learn_from(data) if isinstance(data, Folder) else DATASETS[data.name].train_images
    return there - data.held_out(there)


def _files_to_learn_from(data: Folder) -> int:
    return sum(one.images for one in known_contents(Path(data.path)).fingerprint.train.values())


def classes(experiment: Experiment) -> int:
    """Into how many classes the images fall. Raises `OSError` if the folder that tells cannot be read."""
    data = experiment.data
    return len(image_folder.classes(Path(data.path))) if isinstance(data, Folder) else experiment.dataset.classes


def how_to_provide(experiment: Experiment, data_dir: Path) -> str:
    """Which files to put where when a dataset cannot be downloaded."""
    archives = ", ".join(experiment.dataset.archives)
    return f"Put {archives} (or the unpacked files) into {data_dir}, or choose digits, which needs no files"
