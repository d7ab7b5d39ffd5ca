"""VGG for small images (Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556)."""

from torch import nn

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def vgg16_bn(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Thirteen 3×3 convolutions with BatchNorm in five stages, each halving the image: (N, C, H, W) to logits (N, classes)."""
    layers: list[nn.Module] = []
    channels = shape[0]
    for stage in STAGES:
        for width in stage:
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))
