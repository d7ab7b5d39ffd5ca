"""Dataset and model: what is learned, by which network."""

from typing import Literal

from pydantic import Field

from engine.catalogue import DATASETS, MODELS
from engine.fields import Section, knob

BUILT_IN = tuple(name for name, row in DATASETS.items() if row.classes)


class Data(Section):
    """What is learned, and how its images are varied."""

    train_size: int | None = Field(None, ge=2)
    """Number of training images to use; empty uses all of them."""
    test_size: int | None = knob(None, advanced=True, ge=1)
    """Number of test images to evaluate on, always the same ones; empty uses all of them."""
    validation_split: float = knob(0.0, step=0.05, advanced=True, ge=0, lt=1)
    """Fraction of the training images that is held out and takes the place of the test images while settings are chosen: the same
    ones for every seed, with true labels. 0 evaluates on the test images."""
    label_noise: float = knob(0.0, step=0.05, ge=0, le=1)
    """Fraction of the training labels that is redrawn at random. Test labels stay true."""
    label_smoothing: float = knob(0.0, step=0.01, advanced=True, live=True, ge=0, lt=1)
    """Share of each training label that is spread evenly over all classes."""
    mixup: float = knob(0.0, advanced=True, ge=0, le=10)
    """Parameter α of mixup (Zhang et al. 2018): images and labels are blended in pairs by a Beta(α, α) draw; 0 is off."""
    augmentation: Literal["standard", "randaugment"] = knob("standard", advanced=True)
    """`randaugment`: two random operations more on each training image, instead of the usual Cutout (Cubuk et al. 2020)."""
    magnitude: int = knob(9, advanced=True, ge=0, le=30)
    """How strongly `randaugment` changes an image: 9 is usual, the authors take 14."""
    flip: bool | None = knob(None, advanced=True)
    """Mirror half of the training images; empty does what is usual for the dataset."""
    crop_padding: int | None = knob(None, advanced=True, ge=0, le=64)
    """Pad by so many pixels, then crop back at a random place; empty does what is usual for the dataset."""
    cutout: int | None = knob(None, advanced=True, ge=0, le=512)
    """Side of the square blanked in half of the training images; empty does what is usual for the dataset."""

    def held_out(self, images: int) -> int:
        """How many of so many training images are held out: at least one, if any."""
        return min(images, max(round(self.validation_split * images), int(self.validation_split > 0)))


class BuiltIn(Data):
    """A dataset the engine knows by name."""

    name: Literal[BUILT_IN] = "digits"  # type: ignore[valid-type]
    download: bool = knob(True, advanced=True)
    """Fetch the dataset when it is not in the data folder."""


class Folder(Data):
    """A folder of one's own images: train/ and val/, each with one folder of images per class."""

    name: Literal["folder"] = "folder"
    path: str = Field(min_length=1, max_length=4096)
    """The folder that holds train/ and val/."""
    image_size: int = knob(32, ge=4, le=512)
    """Side in pixels to which every image is resized and cropped."""
    accepted: str = knob("", hidden=True, live=True, pattern="^([0-9a-f]{16})?$")
    """Digest of other images than those with which the run began, where somebody has chosen to go on with them."""


class ImageNet(Folder):
    """ImageNet, or another folder of images too large for the memory: they are read while the training goes on."""

    name: Literal["imagenet"] = "imagenet"  # type: ignore[assignment]
    image_size: int = knob(224, ge=32, le=512)
    """Side in pixels of the random crops to learn from, and of the middle of every test image."""
    workers: int = knob(4, advanced=True, ge=0, le=64)
    """Processes that read and crop images, for each of the method's batches; 0 does it within the training."""


class ModelChoice(Section):
    """The network that is trained."""

    name: Literal[tuple(MODELS)] = "small-cnn"  # type: ignore[valid-type]
