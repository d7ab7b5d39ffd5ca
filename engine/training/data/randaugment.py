"""RandAugment (Cubuk et al. 2020, https://arxiv.org/abs/1909.13719)."""

from threading import Lock

import torch
from torch import Tensor

from engine.training.rng import start

_GLOBAL_GENERATOR = Lock()


class RandAugment:
    """Two random operations of one strength for each image on its own, as torchvision applies them."""

    def __init__(self, magnitude: int) -> None:
        from torchvision.transforms.v2 import RandAugment as TorchvisionRandAugment

        self._transform = TorchvisionRandAugment(magnitude=magnitude)

    def __call__(self, images: Tensor, seed: int) -> Tensor:
        """uint8 `images` (N, C, H, W), varied as a function of `seed`.

        torchvision draws from the global generator, which is lent to one thread at a time and given back as it was.
        """
        with _GLOBAL_GENERATOR, torch.random.fork_rng(devices=[]):
            start(torch.default_generator, seed)
            return torch.stack([self._transform(image) for image in images])
