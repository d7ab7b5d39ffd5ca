"""Plain implementations of what a user would otherwise run, for comparison."""

import math
import statistics
from collections.abc import Callable, Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.cases import Case, experiment, on_threads, one_step
from benchmarks.isolated import between
from benchmarks.streams import CASES, PARALLEL
from benchmarks.timing import Row, ratios, rows
from engine.training import models


class LoopedMARWP:
    """m-ARWP as a loop over parameters: perturb, differentiate, take back, differentiate, mix, step."""

    def __init__(self, module: nn.Module, images: Tensor, labels: Tensor) -> None:
        self.module, self.images, self.labels = module, images, labels
        self.optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
        self.past: dict[nn.Parameter, Tensor] = {}

    def step(self) -> None:
        epsilons = {p: self.epsilon(p) for p in self.module.parameters()}
        self.move(epsilons, 1)
        self.differentiate()
        perturbed = {p: p.grad.clone() for p in epsilons if p.grad is not None}
        self.move(epsilons, -1)
        self.differentiate()
        for p, g in perturbed.items():
            squares = g.square() if g.ndim <= 1 else g.square().flatten(1).sum(1)
            self.past[p] = 0.99 * self.past[p] + squares if p in self.past else squares
            assert p.grad is not None
            p.grad.mul_(0.5).add_(g, alpha=0.5)
        self.optimizer.step()

    @torch.no_grad()
    def epsilon(self, p: nn.Parameter) -> Tensor:
        scale: Tensor = 0.015 * (p.norm() if p.ndim <= 1 else p.flatten(1).norm(dim=1))
        if p in self.past:
            scale = scale / (1 + 0.1 * self.past[p]).sqrt()
        return torch.randn_like(p) * (scale if p.ndim <= 1 else scale.view(-1, *[1] * (p.ndim - 1)))

    @torch.no_grad()
    def move(self, epsilons: dict[nn.Parameter, Tensor], sign: int) -> None:
        for p, epsilon in epsilons.items():
            p.add_(epsilon, alpha=sign)

    def differentiate(self) -> None:
        self.optimizer.zero_grad()
        F.cross_entropy(self.module(self.images), self.labels).backward()


class LoopedSAM(LoopedMARWP):
    """SAM as an optimizer of two passes."""

    def step(self) -> None:
        self.differentiate()
        gradients = {p: p.grad for p in self.module.parameters() if p.grad is not None}
        norm = torch.stack([g.norm() for g in gradients.values()]).norm()
        epsilons = {p: 0.05 * g / norm for p, g in gradients.items()}
        self.move(epsilons, 1)
        self.differentiate()
        self.move(epsilons, -1)
        self.optimizer.step()


def looped(kind: type[LoopedMARWP], case: Case) -> Callable[[], object]:
    """A step of it on two threads."""
    module = models.build(experiment(case, "sgd"), case.shape, 10, 0)
    images, labels = torch.rand(case.batch_size, *case.shape), torch.randint(0, 10, (case.batch_size,))
    return on_threads(2, kind(module, images, labels).step)


def measure(rounds: int) -> Iterator[Row]:
    medians = []
    for case in CASES:
        plain, sam = "the sequential loop over parameters", "the two-pass SAM optimizer"
        ours = {PARALLEL: partial(one_step, case, "m-arwp", "parallel", threads=2)}
        taken = between(ours, {plain: partial(looped, LoopedMARWP, case), sam: partial(looped, LoopedSAM, case)}, rounds)
        medians.append(statistics.median(ratios(taken, PARALLEL, plain)))
        yield from rows(taken, (PARALLEL, plain, ""), (PARALLEL, sam, ""), where=f"{case}, all on two cores")
    mean = math.exp(statistics.mean(math.log(median) for median in medians))
    yield Row(f"{PARALLEL} / the sequential loop over parameters, geometric mean", mean, min(medians), max(medians), "≤ 0.80")
    yield from _augmentation(rounds)


def _augmentation(rounds: int) -> Iterator[Row]:
    """Images a second: whole batches on the uint8 set against torchvision's transforms on PIL images."""
    from benchmarks.images import batched, in_loader, in_process

    count = 2048
    others = {"in-process": partial(in_process, count), "loader": partial(in_loader, count, 2)}
    taken = between({"batched": partial(batched, count)}, others, rounds)
    per_second = "images/s of batched augmentation /"
    yield Row.of(f"{per_second} PIL transforms in-process", ratios(taken, "in-process", "batched"), "≥ 25")
    yield Row.of(f"{per_second} DataLoader with two workers", ratios(taken, "loader", "batched"), "≥ 18")
