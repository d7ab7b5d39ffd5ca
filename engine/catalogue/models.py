"""The models there are."""

import math
from dataclasses import dataclass

SMALL, LARGE = (3, 32, 32), (3, 224, 224)
"""The image shapes of CIFAR and ImageNet, for which the figures of the rows hold."""


@dataclass(frozen=True)
class Model:
    """One row of the model catalogue. `build` is "module:function" of (input shape, classes), imported only by the engine."""

    name: str
    summary: str
    build: str
    parameters: int
    """Number of trainable weights, for images of `shape` in `classes` classes."""
    flops: int
    """Operations of a forward pass over one such image: two per multiply-add in convolutions, linear layers and attention."""
    smallest: int = 8
    """Smallest image side it accepts, in pixels."""
    largest: int = 128
    """Largest image side that it is meant for, in pixels."""
    multiple: int = 1
    """Every image side has to be a multiple of this."""
    shape: tuple[int, int, int] = SMALL
    classes: int = 10
    per_input: int = 0
    """Weights for each number of an image, in a network whose first layer takes it whole; 0 for one that goes over it."""
    stride: int = 0
    """Pixels along a side that come to one where its last BatchNorm is, if images can be as small as that."""

    def accepts(self, shape: tuple[int, int, int]) -> bool:
        return all(self.smallest <= side <= self.largest and side % self.multiple == 0 for side in shape[1:])

    def weights(self, shape: tuple[int, int, int]) -> int:
        """Number of trainable weights for images of another shape; of channels only `per_input` knows."""
        return self.parameters + self.per_input * (math.prod(shape) - math.prod(self.shape))

    def operations(self, shape: tuple[int, int, int]) -> float:
        """Operations of a forward pass over one image of another shape."""
        if self.per_input:
            return self.flops + 2 * (self.weights(shape) - self.parameters)
        return self.flops * (shape[1] / self.shape[1]) ** 2

    def needs_two_images(self, shape: tuple[int, int, int]) -> bool:
        """Whether a BatchNorm sees a single number of each channel of an image, which has no variance."""
        return self.stride > 0 and max(shape[1:]) <= self.stride

    @property
    def sides(self) -> str:
        """The image sides it accepts, in words."""
        steps = f" in multiples of {self.multiple}" if self.multiple > 1 else ""
        return f"{self.smallest} to {self.largest} pixels{steps}"


def _large(name: str, summary: str, function: str, parameters: int, flops: int, *, multiple: int = 1) -> Model:
    return Model(name, summary, f"engine.training.models.imagenet:{function}", parameters, flops, 64, 512, multiple, LARGE, 1000)


MODELS: dict[str, Model] = {
    row.name: row
    for row in (
        Model(
            "mlp", "Two hidden layers of 256 units", "engine.training.models.mlp:mlp", 855_050, 1_709_056, 1, 64, per_input=256
        ),
        Model("small-cnn", "Three convolutions with BatchNorm", "engine.training.models.small_cnn:small_cnn", 94_762, 20_646_400),
        Model("vgg16-bn", "VGG-16 with BatchNorm, for CIFAR", "engine.training.models.vgg:vgg16_bn", 14_724_042, 626_403_328, 32),
        Model(
            "vgg16-bn-authors",
            "VGG-16 with BatchNorm, for CIFAR, as in the paper's experiments: two more layers, dropout 0.5",
            "engine.training.models.vgg:vgg16_bn_authors",
            15_253_578,
            627_451_904,
            32,
        ),
        Model(
            "resnet18",
            "ResNet-18 with a 3×3 stem, for CIFAR",
            "engine.training.models.resnet:resnet18",
            11_173_962,
            1_110_845_440,
            stride=8,
        ),
        Model(
            "resnet50",
            "ResNet-50 with a 3×3 stem, for CIFAR",
            "engine.training.models.resnet:resnet50",
            23_520_842,
            2_595_659_776,
            stride=8,
        ),
        Model(
            "wrn-16-8", "Wide ResNet-16-8, for CIFAR", "engine.training.models.wide_resnet:wrn_16_8", 10_961_370, 3_096_291_328
        ),
        Model(
            "wrn-28-10",
            "Wide ResNet-28-10, for CIFAR",
            "engine.training.models.wide_resnet:wrn_28_10",
            36_479_194,
            10_486_657_536,
        ),
        Model(
            "vit-s",
            "Small vision transformer, for CIFAR: patches of 4×4 pixels, 6 layers, 8 heads, dropout 0.1",
            "engine.training.models.vit:vit_s",
            9_523_722,
            1_281_906_688,
            largest=64,
            multiple=4,
        ),
        _large("vgg16-bn-224", "VGG-16 with BatchNorm, for ImageNet; dropout 0.5", "vgg16_bn", 138_365_992, 30_940_528_640),
        _large("resnet18-224", "ResNet-18, for ImageNet", "resnet18", 11_689_512, 3_628_146_688),
        _large("resnet50-224", "ResNet-50, for ImageNet", "resnet50", 25_557_032, 8_178_368_512),
        _large("vit-s32-224", "Vision transformer ViT-S/32, for ImageNet", "vit_s32", 22_878_952, 2_285_819_904, multiple=32),
    )
}
