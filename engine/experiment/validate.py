"""Validate an experiment: what can be found wrong with it before a process is started."""

from pathlib import Path

from engine.catalogue import MODELS
from engine.errors import Problem, Refused
from engine.experiment import distributed_checks, image_folder, portions
from engine.experiment.data import Folder
from engine.experiment.dataset_info import how_to_provide, input_shape
from engine.experiment.folder_contents import PassedOver, known_contents
from engine.experiment.optimization import SGDOptimizer
from engine.experiment.schema import Experiment
from engine.methods.lpf import LPFSGD
from engine.methods.msam import MSAM
from engine.methods.sam import Adversarial


def check(experiment: Experiment, data_dir: Path, processes: int | None = None) -> None:
    """Raises `Refused` with every reason for which `experiment` could not run.

    `processes` is how many there are, where they run already.
    """
    problems = [
        *_model(experiment),
        *_no_pictures(experiment),
        *sizes(experiment),
        *_files(experiment, data_dir),
        *distributed_checks.problems(experiment, processes),
    ]
    if problems:
        raise Refused(*problems)


def passed_over(experiment: Experiment) -> tuple[PassedOver, ...]:
    """Files in the folder of images that will not be used. Raises `OSError` if it cannot be read."""
    data = experiment.data
    return known_contents(Path(data.path)).passed_over if isinstance(data, Folder) else ()


def _model(experiment: Experiment) -> list[Problem]:
    shape, model = input_shape(experiment), MODELS[experiment.model.name]
    if model.accepts(shape):
        return []
    fitting = ", ".join(row.name for row in MODELS.values() if row.accepts(shape)) or "none of the models does"
    what = f"{model.name} takes images of {model.sides}, these have {shape[1]}×{shape[2]}"
    return [Problem("model.name", what, f"These fit: {fitting}")]


def _no_pictures(experiment: Experiment) -> list[Problem]:
    """What can be done to a picture and not to a point."""
    data = experiment.data
    done = {"crop_padding": data.crop_padding, "cutout": data.cutout, "augmentation": data.augmentation != "standard"}
    asked = [field for field, value in done.items() if value] if experiment.dataset.is_plane else []
    cure = "Leave it empty, or choose a dataset of images"
    return [Problem(f"data.{field}", f"{data.name} are points, which cannot be varied like pictures", cure) for field in asked]


def sizes(experiment: Experiment) -> list[Problem]:
    """Numbers that do not go together."""
    problems = too_few(experiment, experiment.dataset.train_images)
    draws = experiment.method.draws if isinstance(experiment.method, LPFSGD) else 1
    if experiment.format > 1 and draws > experiment.schedule.batch_size:  # older runs go on with a draw for each image
        what = f"{draws} draws are more than the {experiment.schedule.batch_size} images of a batch"
        problems.append(Problem("method.draws", what, f"Choose at most {experiment.schedule.batch_size}"))
    if experiment.runtime.accumulate > experiment.schedule.batch_size:
        what = f"{experiment.runtime.accumulate} parts are more than the {experiment.schedule.batch_size} images of a batch"
        problems.append(Problem("runtime.accumulate", what, f"Choose at most {experiment.schedule.batch_size}"))
    if experiment.runtime.precision == "fp16" and experiment.runtime.device == "cpu":
        problems.append(Problem("runtime.precision", "fp16 needs an accelerator", "Choose bf16 or fp32 on the CPU"))
    return [*problems, *_no_momentum(experiment), *_single_images(experiment)]


def _no_momentum(experiment: Experiment) -> list[Problem]:
    """Where a method perturbs along a momentum that there is not."""
    is_without = isinstance(experiment.optimizer, SGDOptimizer) and not experiment.optimizer.momentum
    if not isinstance(experiment.method, MSAM) or not is_without:
        return []
    what = "msam perturbs the weights along the momentum, and without one it is plain training"
    return [Problem("optimizer.momentum", what, "Choose a momentum above 0, or adam or adamw, or another method")]


def too_few(experiment: Experiment, images: int) -> list[Problem]:
    """What asks for more than so many training images; 0 where only the files can tell how many there are."""
    data, batch = experiment.data, experiment.schedule.batch_size
    held_out = data.held_out(images)
    left = images - held_out
    used = data.train_size or left
    apart = f", and {held_out} held out" if held_out else ""
    if held_out and left < 2:
        what = f"{data.name} has {images} training images, and {held_out} would be held out"
        return [Problem("data.validation_split", what, "Hold out fewer")]
    if images and used > left:
        what = f"{data.name} has only {left} training images{apart}"
        return [Problem("data.train_size", what, f"Ask for at most {left}")]
    if used and batch > used:
        what = f"one batch of {batch} is more than the {used} training images"
        return [Problem("schedule.batch_size", what, f"Choose at most {used}")]
    return []


def _single_images(experiment: Experiment) -> list[Problem]:
    """Where a gradient would be computed of one image, and the model cannot take its mean and variance."""
    if not MODELS[experiment.model.name].needs_two_images(input_shape(experiment)) or 1 not in portions.normalised(experiment):
        return []
    side = input_shape(experiment)[1]
    what = f"{experiment.model.name} would see one image of {side}×{side} by itself, of which its BatchNorm has no variance"
    cure = "Let no piece of a mini-batch be smaller than 2 images, or choose another model"
    return [Problem(_field_of_pieces(experiment), what, cure)]


def _field_of_pieces(experiment: Experiment) -> str:
    """The field that makes the pieces of a mini-batch as small as they are."""
    method, runtime = experiment.method, experiment.runtime
    if runtime.accumulate > 1:
        return "runtime.accumulate"
    if isinstance(method, LPFSGD):
        return "method.draws"
    if isinstance(method, Adversarial) and method.m_sharpness:
        return "method.m_sharpness"
    return "runtime.processes"


def _files(experiment: Experiment, data_dir: Path) -> list[Problem]:
    data = experiment.data
    if isinstance(data, Folder):
        return image_folder.problems(Path(data.path))
    if experiment.dataset.is_present(data_dir) or not experiment.dataset.files or data.download:
        return []
    return [Problem("data.name", f"{data.name} is not in {data_dir}", how_to_provide(experiment, data_dir))]
