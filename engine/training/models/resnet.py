"""ResNet for small images (He et al. 2016, https://arxiv.org/abs/1512.03385)."""

from collections.abc import Callable
from typing import cast

from torch import Tensor, nn
from torch.nn.functional import relu

WIDTHS = (64, 128, 256, 512)


def resnet18(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Two blocks of two convolutions in each stage: (N, C, H, W) to logits (N, classes)."""
    return _resnet(basic, 1, (2, 2, 2, 2), shape, classes)


def resnet50(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Three to six bottlenecks in each stage: (N, C, H, W) to logits (N, classes)."""
    return _resnet(bottleneck, 4, (3, 4, 6, 3), shape, classes)


class Residual(nn.Module):
    """relu(shortcut(x) + body(x)); where `body` changes the shape, the shortcut is a 1×1 convolution with BatchNorm."""

    def __init__(self, body: nn.Sequential, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = body
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != width:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return relu(cast(Tensor, self.shortcut(x)) + cast(Tensor, self.body(x)))


def basic(channels: int, width: int, stride: int) -> Residual:
    """Two 3×3 convolutions of `width` channels."""
    return Residual(
        nn.Sequential(*_conv(channels, width, 3, stride), nn.ReLU(), *_conv(width, width, 3)), channels, width, stride
    )


def bottleneck(channels: int, width: int, stride: int) -> Residual:
    """A 3×3 convolution between two of 1×1: to `width` channels, and from them to four times as many."""
    reduce, spatial, expand = _conv(channels, width, 1), _conv(width, width, 3, stride), _conv(width, 4 * width, 1)
    return Residual(nn.Sequential(*reduce, nn.ReLU(), *spatial, nn.ReLU(), *expand), channels, 4 * width, stride)


def _conv(channels: int, width: int, side: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(channels, width, side, stride, padding=side // 2, bias=False), nn.BatchNorm2d(width)


def _resnet(
    block: Callable[[int, int, int], Residual], growth: int, depths: tuple[int, ...], shape: tuple[int, int, int], classes: int
) -> nn.Module:
    """Four stages behind a 3×3 stem without pooling; a block of width w puts out `growth`·w channels."""
    stages, channels = [], WIDTHS[0]
    for width, depth in zip(WIDTHS, depths, strict=True):
        for index in range(depth):
            stages.append(block(channels, width, 2 if index == 0 and width != WIDTHS[0] else 1))
            channels = growth * width
    stem = (*_conv(shape[0], WIDTHS[0], 3), nn.ReLU())
    return nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))
