"""Wide residual networks (Zagoruyko & Komodakis 2016, https://arxiv.org/abs/1605.07146)."""

from typing import cast

from torch import Tensor, nn

WIDTHS = (16, 32, 64)


def wrn_16_8(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """16 layers, 8 times as wide: (N, C, H, W) to logits (N, classes)."""
    return _wide(16, 8, shape, classes)


def wrn_28_10(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """28 layers, 10 times as wide: (N, C, H, W) to logits (N, classes)."""
    return _wide(28, 10, shape, classes)


class Block(nn.Module):
    """x + f(a), a = relu(bn(x)), f two 3×3 convolutions; where the shape changes, a 1×1 convolution of a stands for x."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.activation = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
        )
        self.shortcut = None if channels == width else nn.Conv2d(channels, width, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        a = self.activation(x)
        return cast(Tensor, self.body(a)) + (x if self.shortcut is None else self.shortcut(a))


def _wide(depth: int, factor: int, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Three stages of (depth − 4)/6 blocks, the last two halving the image."""
    blocks, channels = [], WIDTHS[0]
    for width in WIDTHS:
        for index in range((depth - 4) // 6):
            blocks.append(Block(channels, factor * width, 2 if index == 0 and width != WIDTHS[0] else 1))
            channels = factor * width
    stem, end = nn.Conv2d(shape[0], WIDTHS[0], 3, padding=1, bias=False), (nn.BatchNorm2d(channels), nn.ReLU())
    return nn.Sequential(stem, *blocks, *end, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))
