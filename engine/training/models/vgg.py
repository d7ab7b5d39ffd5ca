"""VGG for small images (Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556)."""

from torch import nn

from engine.training.models.seeded_dropout import Dropout

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def vgg16_bn(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Thirteen 3×3 convolutions with BatchNorm in five stages, each halving the image: (N, C, H, W) to logits (N, classes)."""
    return nn.Sequential(*_convolutions(shape[0], bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


def vgg16_bn_authors(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The same as Li et al. (2024) train it: two linear layers of 512 units with dropout more, biases, and He's weights."""
    convolutions = _convolutions(shape[0], bias=True)
    for layer in convolutions:
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    hidden = [layer for _ in range(2) for layer in (Dropout(0.5), nn.Linear(512, 512), nn.ReLU())]
    return nn.Sequential(*convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *hidden, nn.Linear(512, classes))


def _convolutions(channels: int, *, bias: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for stage in STAGES:
        for width in stage:
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=bias), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return layers
