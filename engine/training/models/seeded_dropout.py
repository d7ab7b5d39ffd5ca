"""Dropout whose masks follow a seed of its own (Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html)."""

from types import MethodType

import torch
from torch import Tensor, nn

from engine.experiment.seeds import seed_for
from engine.training.rng import start


class Dropout(nn.Module):
    """x · m / (1 − p) while training, with m = 0 for a random share p of the elements; x itself when evaluating.

    Unlike torch's it has a generator of its own: two networks in two threads do not disturb each other's masks, and a pass
    can be repeated exactly.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self._seed = 0
        self._share = (0, 1)
        self._generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0 or x.is_meta:
            return x
        if self._generator is None or self._generator.device != x.device:
            self._generator = start(torch.Generator(x.device), self._seed)
        index, count = self._share
        whole = x.new_empty(count * len(x), *x.shape[1:]).bernoulli_(1 - self.p, generator=self._generator)
        return x * whole.chunk(count)[index].div_(1 - self.p)

    def reseed(self, seed: int, share: tuple[int, int] = (0, 1)) -> None:
        """Start the sequence of masks of `seed`; of each mask this network sees `share`, an index of so many equal ones."""
        self._seed, self._share = seed, share
        if self._generator is not None:
            start(self._generator, seed)

    def follow(self, source: torch.Generator | None, share: tuple[int, int] = (0, 1)) -> None:
        """Draw the masks to come from `source`, or from a generator of its own."""
        self._generator, self._share = source, share

    def extra_repr(self) -> str:
        return f"p={self.p}"


def dropouts(module: nn.Module) -> list[Dropout]:
    """Every `Dropout` in `module`, in order."""
    return [layer for layer in module.modules() if isinstance(layer, Dropout)]


def reseed(module: nn.Module, seed: int, share: tuple[int, int] = (0, 1)) -> None:
    """Start the masks of every `Dropout` in `module` anew: from here on they depend on `seed` alone."""
    for index, layer in enumerate(dropouts(module)):
        layer.reseed(seed_for(seed, "layer", index), share)


def own_dropout(module: nn.Module) -> nn.Module:
    """`module` with every dropout of torch's replaced by ours."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Dropout):
                setattr(parent, name, Dropout(child.p))
    return module


def keep_as_it_is(module: nn.Module) -> None:
    """Let torch.compile leave every `Dropout` in `module` alone: compiled code would draw other masks."""
    for layer in dropouts(module):
        own = MethodType(torch.compiler.disable(Dropout.forward), layer)  # which a copy of the layer gets for itself
        layer.forward = own  # type: ignore[method-assign]
