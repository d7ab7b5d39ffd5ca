"""A vision transformer for small images (Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929).

Patch, heads and dropout are those of the paper's appendix E; it leaves width and depth open, which are chosen here.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from engine.training.models.seeded_dropout import Dropout

PATCH, WIDTH, DEPTH, HEADS, DROPOUT = 4, 512, 6, 8, 0.1


def vit_s(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Six layers of width 512 over patches of 4×4 pixels: (N, C, H, W) to logits (N, classes)."""
    layers = [layer for _ in range(DEPTH) for layer in (Residual(Attention()), Residual(perceptron()))]
    return nn.Sequential(Tokens(shape), *layers, First(), nn.LayerNorm(WIDTH), nn.Linear(WIDTH, classes))


class Tokens(nn.Module):
    """Images (N, C, H, W) as tokens (N, T, 512): a class token, then one a patch, each with its position added."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        self.patches = nn.Conv2d(channels, WIDTH, PATCH, PATCH)
        self.class_token = nn.Parameter(torch.randn(1, 1, WIDTH) * 0.02)
        self.position = nn.Parameter(torch.randn(1, 1 + (height // PATCH) * (width // PATCH), WIDTH) * 0.02)
        self.dropout = Dropout(DROPOUT)

    def forward(self, images: Tensor) -> Tensor:
        patches = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(images), -1, -1), patches], 1)
        result: Tensor = self.dropout(tokens + self.position)
        return result


class Residual(nn.Module):
    """x + body(norm(x))."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.body(self.norm(x))
        return result


class Attention(nn.Module):
    """Self-attention of 8 heads, (N, T, 512) to (N, T, 512)."""

    def __init__(self) -> None:
        super().__init__()
        self.queries_keys_values = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Sequential(nn.Linear(WIDTH, WIDTH), Dropout(DROPOUT))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.queries_keys_values(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        result: Tensor = self.out(scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return result


class First(nn.Module):
    """The class token: (N, T, 512) to (N, 512)."""

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, 0]


def perceptron() -> nn.Module:
    """Two linear layers of 512 units, applied to each token."""
    return nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.GELU(), Dropout(DROPOUT), nn.Linear(WIDTH, WIDTH), Dropout(DROPOUT))
