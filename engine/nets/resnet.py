"""ResNet for small images (He et al. 2016, https://arxiv.org/abs/1512.03385)."""

from typing import cast

from torch import Tensor, nn
from torch.nn.functional import relu

WIDTHS = (64, 128, 256, 512)


def resnet18(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Four stages of two residual blocks behind a 3×3 stem without pooling: (N, C, H, W) to logits (N, classes)."""
    stages = [
        block
        for before, width in zip((WIDTHS[0], *WIDTHS), WIDTHS, strict=False)
        for block in (Block(before, width, 1 if width == WIDTHS[0] else 2), Block(width, width, 1))
    ]
    stem = (nn.Conv2d(shape[0], WIDTHS[0], 3, padding=1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU())
    return nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], classes))


class Block(nn.Module):
    """relu(shortcut(x) + f(x)), where f is two 3×3 convolutions with BatchNorm."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != width:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
        return relu(cast(Tensor, self.shortcut(x)) + y)
