"""The methods against plain implementations written here, without anything of the engine's own."""

import copy
import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.training.data import Batch
from engine.training.rng import generator
from engine.training.step.learner import Learner
from tests.engine.conftest import MakeLearner

STEPS = 24
SLOW = {"name": "sgd", "lr": 0.02}
Step = Callable[[nn.Module, Learner, int], list[Tensor]]


def plain_gradients(module: nn.Module, batch: Batch) -> list[Tensor]:
    loss = F.cross_entropy(module(batch.images), batch.labels)
    return list(torch.autograd.grad(loss, list(module.parameters())))


def displaced(module: nn.Module, epsilons: list[Tensor], batch: Batch) -> list[Tensor]:
    """Gradients at w + ε, leaving weights and BatchNorm statistics as they were."""
    other = copy.deepcopy(module)
    with torch.no_grad():
        for p, e in zip(other.parameters(), epsilons, strict=True):
            p.add_(e)
    return plain_gradients(other, batch)


def assert_follows(learner: Learner, step: Step) -> None:
    """The loop and a plain torch training by `step` end in the same place."""
    module = copy.deepcopy(learner.model.module).train()
    chosen = learner.experiment.optimizer
    optimizer = torch.optim.SGD(module.parameters(), chosen.lr, momentum=chosen.momentum, weight_decay=chosen.weight_decay)
    start = learner.model.weights.clone()
    for t in range(STEPS):
        for p, g in zip(module.parameters(), step(module, learner, t), strict=True):
            p.grad = g
        optimizer.param_groups[0]["lr"] = chosen.lr * learner.experiment.schedule.lr_factor(t / learner.steps)
        optimizer.step()
        learner.take_step()
    plain = torch.cat([p.detach().reshape(-1) for p in module.parameters()])
    moved = (plain - start).norm()
    assert (plain - learner.model.weights).norm() < 1e-9 * moved
    for mine, theirs in zip(learner.model.buffers, module.buffers(), strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-9, atol=1e-9)


def test_sam(make_learner: MakeLearner) -> None:
    rho = 0.05

    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        batch = learner.data.batch(0, t)
        g = plain_gradients(module, batch)
        norm = torch.sqrt(sum((x**2).sum() for x in g))
        return displaced(module, [rho * x / norm for x in g], batch)

    assert_follows(make_learner(double=True, method={"name": "sam", "rho": rho}, optimizer=SLOW), step)


def test_m_arwp(make_learner: MakeLearner) -> None:
    sigma, eta, beta, lam = 0.02, 0.5, 0.9, 0.3
    memory: list[Tensor] = []

    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        parameters = list(module.parameters())
        if not memory:
            memory.extend(p.new_zeros(p.shape[0]) for p in parameters)
        draws = torch.empty(sum(p.numel() for p in parameters), dtype=torch.float64).normal_(
            generator=generator(torch.device("cpu"), learner.experiment.root, "noise", t, 0, 0)
        )
        epsilons = []
        for p, z, v in zip(parameters, draws.split([p.numel() for p in parameters]), memory, strict=True):
            damp = (1 + eta * v) ** -0.5
            if p.ndim > 1:
                norm = torch.stack([w.norm() for w in p.detach()])
                epsilons.append(z.view_as(p) * (sigma * norm * damp).view(-1, *[1] * (p.ndim - 1)))
            else:
                epsilons.append(z * sigma * p.detach().norm() * damp)
        g_perturbed = displaced(module, epsilons, learner.data.batch(1, t))
        g = plain_gradients(module, learner.data.batch(0, t))
        for i, x in enumerate(g_perturbed):
            memory[i] = beta * memory[i] + (x**2).reshape(x.shape[0], -1).sum(1)
        return [lam * a + (1 - lam) * b for a, b in zip(g_perturbed, g, strict=True)]

    method = {"name": "m-arwp", "sigma": sigma, "eta": eta, "beta": beta, "lambda": lam}
    assert_follows(make_learner(double=True, method=method, optimizer=SLOW), step)


def norm(parts: list[Tensor]) -> Tensor:
    return torch.sqrt(sum((x**2).sum() for x in parts))


def test_asam(make_learner: MakeLearner) -> None:
    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        batch = learner.data.batch(0, t)
        scaled = [(p.detach().abs() + 0.01) for p in module.parameters()]
        g = plain_gradients(module, batch)
        length = norm([s * x for s, x in zip(scaled, g, strict=True)])
        return displaced(module, [0.5 * s**2 * x / length for s, x in zip(scaled, g, strict=True)], batch)

    assert_follows(make_learner(double=True, method={"name": "asam", "rho": 0.5}, optimizer=SLOW), step)


def test_asam_as_its_authors_scale_it(make_learner: MakeLearner) -> None:
    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        batch = learner.data.batch(0, t)
        named = list(module.named_parameters())
        scales = [p.detach().abs() + 0.01 if name.endswith("weight") else torch.ones_like(p) for name, p in named]
        assert {name.rpartition(".")[2] for name, _ in named} == {"weight", "bias"}
        g = plain_gradients(module, batch)
        length = norm([s * x for s, x in zip(scales, g, strict=True)])
        return displaced(module, [0.5 * s**2 * x / length for s, x in zip(scales, g, strict=True)], batch)

    method = {"name": "asam", "rho": 0.5, "scaling": "weights"}
    assert_follows(make_learner(double=True, method=method, optimizer=SLOW), step)


@pytest.mark.parametrize("number", [1, 2])
def test_fsam(make_learner: MakeLearner, number: int) -> None:
    """In their code the mean begins as the first gradient, which is not taken out of itself; runs of before began at zero."""
    means: list[Tensor] = []

    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        batch = learner.data.batch(0, t)
        g = plain_gradients(module, batch)
        d = [x - 0.8 * m for x, m in zip(g, means, strict=True)] if means else g
        if means or number == 1:
            before = means or [torch.zeros_like(x) for x in g]
            means[:] = [0.6 * m + 0.4 * x for x, m in zip(g, before, strict=True)]
        else:
            means[:] = g
        return displaced(module, [0.05 * x / norm(d) for x in d], batch)

    learner = make_learner(double=True, method={"name": "fsam", "share": 0.8}, optimizer=SLOW, format=number)
    assert_follows(learner, step)


def test_gsam_whose_radius_falls_with_the_learning_rate(make_learner: MakeLearner) -> None:
    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        batch = learner.data.batch(0, t)
        lr = 0.5 * (1 + math.cos(math.pi * t / learner.steps))  # as a share of the largest
        rho = 0.01 + (0.08 - 0.01) * lr
        g = plain_gradients(module, batch)
        g_p = displaced(module, [rho * x / norm(g) for x in g], batch)
        along = sum((x * y).sum() for x, y in zip(g, g_p, strict=True)) / norm(g_p) ** 2
        return [y - 0.4 * (x - along * y) for x, y in zip(g, g_p, strict=True)]

    method = {"name": "gsam", "alpha": 0.4, "rho": 0.08, "rho_min": 0.01}
    assert_follows(make_learner(double=True, method=method, optimizer=SLOW), step)


def test_gsam(make_learner: MakeLearner) -> None:
    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        batch = learner.data.batch(0, t)
        g = plain_gradients(module, batch)
        g_p = displaced(module, [0.05 * x / norm(g) for x in g], batch)
        along = sum((x * y).sum() for x, y in zip(g, g_p, strict=True)) / norm(g_p) ** 2
        return [y - 0.4 * (x - along * y) for x, y in zip(g, g_p, strict=True)]

    assert_follows(make_learner(double=True, method={"name": "gsam", "alpha": 0.4}, optimizer=SLOW), step)


def test_sam_with_m_sharpness(make_learner: MakeLearner) -> None:
    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        batch = learner.data.batch(0, t)
        found = []
        for images, labels in zip(batch.images.split(16), batch.labels.split(16), strict=True):
            shard = Batch(images, labels)
            g = plain_gradients(module, shard)
            found.append(displaced(module, [0.05 * x / norm(g) for x in g], shard))
        return [sum(parts) / 4 for parts in zip(*found, strict=True)]

    assert_follows(make_learner(double=True, method={"name": "sam", "m_sharpness": 16}, optimizer=SLOW), step)


def test_lpf_sgd_averages_independent_draws(make_learner: MakeLearner) -> None:
    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        batch = learner.data.batch(0, t)
        parameters = list(module.parameters())
        sizes = [p.numel() for p in parameters]
        found = []
        for i, (images, labels) in enumerate(zip(batch.images.split(32), batch.labels.split(32), strict=True)):
            source = generator(torch.device("cpu"), learner.experiment.root, "noise", t, i, 0)
            draws = torch.empty(sum(sizes), dtype=torch.float64).normal_(generator=source).split(sizes)
            epsilons = [0.02 * z.view_as(p) for z, p in zip(draws, parameters, strict=True)]
            found.append(displaced(module, epsilons, Batch(images, labels)))
        return [(a + b) / 2 for a, b in zip(*found, strict=True)]

    flat = {"sigma": 0.02, "sigma_schedule": "constant", "distribution": "isotropic", "bn_statistics": "recalibrate"}
    assert_follows(make_learner(double=True, method={"name": "lpf-sgd", "draws": 2, **flat}, optimizer=SLOW), step)


class Momentum:
    """b ← μb + d + wd·w of plain SGD, kept beside a step that has to know it."""

    def __init__(self, mu: float) -> None:
        self.mu, self.b = mu, []

    def of(self, module: nn.Module) -> list[Tensor]:
        return self.b or [torch.zeros_like(p) for p in module.parameters()]

    def step(self, module: nn.Module, direction: list[Tensor]) -> list[Tensor]:
        """μb + d + wd·w, with which the weights would move now."""
        return [
            self.mu * b + d + 1e-3 * p.detach() for b, d, p in zip(self.of(module), direction, module.parameters(), strict=True)
        ]


@pytest.mark.parametrize("mu", [0.0, 0.9])
def test_sampa(make_learner: MakeLearner, mu: float) -> None:
    rho, lam = 0.05, 0.3
    momentum, g_y = Momentum(mu), []

    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        present, following = learner.data.batch(0, t), learner.data.batch(0, t + 1)
        if not g_y:
            g_y[:] = displaced(module, [torch.zeros_like(p) for p in module.parameters()], present)
        lr = 0.02 * 0.5 * (1 + math.cos(math.pi * t / learner.steps))
        g_x = displaced(module, [rho * g / norm(g_y) for g in g_y], present)
        g_y[:] = displaced(module, [-lr * m for m in momentum.step(module, g_y)], following)
        found = [(1 - lam) * a + lam * b for a, b in zip(g_x, g_y, strict=True)]
        momentum.b = momentum.step(module, found)
        return found

    method = {"name": "sampa", "rho": rho, "lambda": lam, "bn_statistics": "recalibrate"}
    assert_follows(make_learner(double=True, method=method, optimizer={**SLOW, "momentum": mu}), step)


def test_msam(make_learner: MakeLearner) -> None:
    momentum = Momentum(0.9)

    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        v = momentum.of(module)
        found = displaced(module, [-0.1 * x / (norm(v) + 1e-12) for x in v], learner.data.batch(0, t))
        momentum.b = momentum.step(module, found)
        return found

    method = {"name": "msam", "rho": 0.1, "bn_statistics": "recalibrate"}
    assert_follows(make_learner(double=True, method=method, optimizer=SLOW), step)


def test_nso_looks_in_both_directions(make_learner: MakeLearner) -> None:
    def step(module: nn.Module, learner: Learner, t: int) -> list[Tensor]:
        batch, parameters = learner.data.batch(0, t), list(module.parameters())
        sizes = [p.numel() for p in parameters]
        source = generator(torch.device("cpu"), learner.experiment.root, "noise", t, 0, 0)
        draws = torch.empty(sum(sizes), dtype=torch.float64).normal_(generator=source).split(sizes)
        there, back = (
            displaced(module, [sign * z.view_as(p) for z, p in zip(draws, parameters, strict=True)], batch)
            for sign in (0.02, -0.02)
        )
        return [(a + b) / 2 for a, b in zip(there, back, strict=True)]

    method = {"name": "nso", "sigma": 0.02, "bn_statistics": "recalibrate"}
    assert_follows(make_learner(double=True, method=method, optimizer=SLOW), step)
