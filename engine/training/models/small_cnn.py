"""A small convolutional network that a processor trains in seconds."""

from torch import nn

WIDTHS = (32, 64, 128)


def small_cnn(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Three convolutions with BatchNorm, halving the image after each of the first two: (N, C, H, W) to logits (N, classes)."""
    first, second, third = WIDTHS
    return nn.Sequential(
        *_block(shape[0], first),
        nn.MaxPool2d(2),
        *_block(first, second),
        nn.MaxPool2d(2),
        *_block(second, third),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(third, classes),
    )


def _block(channels: int, width: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
