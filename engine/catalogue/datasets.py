"""The datasets there are."""

from dataclasses import dataclass
from pathlib import Path

PLANE = (2, 1, 1)
"""The shape of a point."""
POINTS = 400
"""Points to learn from, and as many to test on."""
REACH = 3.0
"""How many standard deviations to either side of the middle the plane reaches."""


@dataclass(frozen=True)
class Dataset:
    """One row of the data catalogue. `load` is "module:function", imported only by the engine."""

    name: str
    summary: str
    load: str
    shape: tuple[int, int, int] = (3, 0, 0)
    """Channels, height, width; 0 where the person chooses."""
    classes: int = 0
    """Number of classes; 0 where the files decide."""
    train_images: int = 0
    """Size of the training set; 0 where the files decide."""
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)
    flip: bool = False
    """Whether a mirrored image still shows the same thing."""
    crop_padding: int = 0
    cutout: int = 0
    drawn_margin: float | None = None
    """Of a set of drawings, the share of the side of an image that is left free around each; none where they are photographs."""
    files: tuple[str, ...] = ()
    """Files below the data folder, without which the set has to be downloaded."""
    archives: tuple[str, ...] = ()
    """What is downloaded, by file name: these may be put into the data folder by hand instead."""

    @property
    def is_plane(self) -> bool:
        """Whether its images are points in the plane: two numbers each."""
        return self.shape == PLANE

    def is_present(self, data_dir: Path) -> bool:
        """Whether the unpacked files, or the archives they come from, are all in `data_dir`."""
        return all((data_dir / f).is_file() for f in self.files) or (
            bool(self.archives) and all((data_dir / f).is_file() for f in self.archives)
        )


_MNIST = tuple(f"{part}-{kind}" for part in ("train", "t10k") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"))
_CIFAR10 = tuple(f"cifar-10-batches-py/{f}" for f in ("batches.meta", *(f"data_batch_{i}" for i in range(1, 6)), "test_batch"))
_CIFAR100 = tuple(f"cifar-100-python/{f}" for f in ("meta", "train", "test"))
_SVHN = tuple(f"{part}_32x32.mat" for part in ("train", "test"))


def _plane(name: str, summary: str) -> Dataset:
    """Points that are stored as images of one pixel."""
    return Dataset(
        name, summary, "engine.training.data.sets.points:load", PLANE, 2, POINTS, (0.5, 0.5), (0.5 / REACH, 0.5 / REACH)
    )


DATASETS: dict[str, Dataset] = {
    row.name: row
    for row in (
        Dataset(
            "digits",
            "1,797 handwritten digits of 8×8 pixels from scikit-learn; always there, no network needed",
            "engine.training.data.sets.digits:load",
            (1, 8, 8),
            10,
            1437,
            (0.3058,),
            (0.3764,),
            crop_padding=1,
            drawn_margin=0.0,
        ),
        _plane("moons", "points in the plane: two half moons, whose decision boundary is drawn while it is learned"),
        _plane("circles", "points in the plane: a circle within a circle, with the decision boundary"),
        _plane("spirals", "points in the plane: two spirals wound into each other, with the decision boundary"),
        Dataset(
            "mnist",
            "70,000 handwritten digits of 28×28 pixels",
            "engine.training.data.sets.torchvision_sets:mnist",
            (1, 28, 28),
            10,
            60000,
            (0.1307,),
            (0.3081,),
            crop_padding=2,
            drawn_margin=4 / 28,
            files=tuple(f"MNIST/raw/{f}" for f in _MNIST),
            archives=tuple(f"MNIST/raw/{f}.gz" for f in _MNIST),
        ),
        Dataset(
            "fashion-mnist",
            "70,000 pieces of clothing of 28×28 pixels",
            "engine.training.data.sets.torchvision_sets:fashion_mnist",
            (1, 28, 28),
            10,
            60000,
            (0.2860,),
            (0.3530,),
            flip=True,
            crop_padding=2,
            files=tuple(f"FashionMNIST/raw/{f}" for f in _MNIST),
            archives=tuple(f"FashionMNIST/raw/{f}.gz" for f in _MNIST),
        ),
        Dataset(
            "cifar10",
            "60,000 colour photographs of 32×32 pixels in 10 classes",
            "engine.training.data.sets.torchvision_sets:cifar10",
            (3, 32, 32),
            10,
            50000,
            (0.4914, 0.4822, 0.4465),
            (0.2470, 0.2435, 0.2616),
            flip=True,
            crop_padding=4,
            cutout=16,
            files=_CIFAR10,
            archives=("cifar-10-python.tar.gz",),
        ),
        Dataset(
            "cifar100",
            "60,000 colour photographs of 32×32 pixels in 100 classes",
            "engine.training.data.sets.torchvision_sets:cifar100",
            (3, 32, 32),
            100,
            50000,
            (0.5071, 0.4865, 0.4409),
            (0.2673, 0.2564, 0.2762),
            flip=True,
            crop_padding=4,
            cutout=16,
            files=_CIFAR100,
            archives=("cifar-100-python.tar.gz",),
        ),
        Dataset(
            "svhn",
            "99,289 house numbers of 32×32 pixels from street views, the digit in the middle to be read",
            "engine.training.data.sets.svhn:load",
            (3, 32, 32),
            10,
            73257,
            (0.4377, 0.4438, 0.4728),
            (0.1980, 0.2010, 0.1970),
            crop_padding=4,
            files=_SVHN,
            archives=_SVHN,
        ),
        Dataset(
            "folder",
            "your own images: a folder with train/ and val/, in each one folder of images per class",
            "engine.training.data.sets.image_folder:load",
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            flip=True,
        ),
        Dataset(
            "imagenet",
            "ImageNet or another folder too large for the memory: train/ and val/, in each one folder of images per class",
            "engine.training.data.sets.imagenet:load",
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            flip=True,
        ),
    )
}
