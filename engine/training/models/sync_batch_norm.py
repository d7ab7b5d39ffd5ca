"""BatchNorm over the images of several processes."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

if TYPE_CHECKING:
    from engine.training.process_group import Subgroup


class SyncBatchNorm(nn.BatchNorm2d):
    """BatchNorm that while it has a `subgroup` takes mean and variance over the images of all its processes.

    So a batch in equal shares gives what it gives as a whole, running statistics included.
    """

    subgroup: "Subgroup | None" = None

    def forward(self, x: Tensor) -> Tensor:
        if self.subgroup is None or self.subgroup.size == 1 or not self.training:
            return super().forward(x)
        y, mean, variance = _Normalisation.apply(x, self.weight, self.bias, self)
        count = x.numel() // x.shape[1] * self.subgroup.size
        self._follow(mean, variance * (count / (count - 1)))
        return y  # type: ignore[no-any-return]

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics as BatchNorm does."""
        assert self.num_batches_tracked is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        self.num_batches_tracked += 1
        share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        self.running_mean.mul_(1 - share).add_(mean, alpha=share)
        self.running_var.mul_(1 - share).add_(variance, alpha=share)


class _Normalisation(torch.autograd.Function):
    """y = (x − μ)/√(var + ε) · w + b, μ and var over the images of the whole team; returns y, μ and var."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, b: Tensor, norm: SyncBatchNorm) -> tuple[Tensor, Tensor, Tensor]:
        variance, mean = torch.var_mean(x.to(w.dtype), _others(x), correction=0)
        assert norm.subgroup is not None
        variances, means = norm.subgroup.gather(torch.stack([variance, mean])).unbind(1)
        mean, variance = means.mean(0), variances.mean(0) + means.var(0, correction=0)
        ctx.save_for_backward(x, w, mean, (variance + norm.eps).rsqrt())
        ctx.subgroup = norm.subgroup
        ctx.mark_non_differentiable(mean, variance)
        return batch_norm(x, mean, variance, w, b, eps=norm.eps), mean, variance

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, w, mean, scale = ctx.saved_tensors
        dy = gradients[0].to(w.dtype)
        normal = (x.to(w.dtype) - _column(mean, x)) * _column(scale, x)
        sums = torch.stack([(dy * normal).sum(_others(x)), dy.sum(_others(x))])
        dw, db = sums.clone()
        means = sums / (x.numel() // x.shape[1])
        ctx.subgroup.average(means)
        dx = (dy - normal * _column(means[0], x) - _column(means[1], x)) * _column(w * scale, x)
        return dx.to(x.dtype), dw, db, None


def _others(x: Tensor) -> list[int]:
    """All dimensions but that of the channels."""
    return [dimension for dimension in range(x.ndim) if dimension != 1]


def _column(values: Tensor, x: Tensor) -> Tensor:
    """A value per channel (C,), to be broadcast over `x` (N, C, …)."""
    return values.view(-1, *[1] * (x.ndim - 2))


def shared(module: nn.Module) -> list[SyncBatchNorm]:
    """Make every BatchNorm in `module` one that can have a team; its parameters and buffers stay what they are."""
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.__class__ = SyncBatchNorm
    return [norm for norm in norms if isinstance(norm, SyncBatchNorm)]
