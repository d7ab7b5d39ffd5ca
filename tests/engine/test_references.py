"""The methods against plain implementations written here, without anything of the engine's own."""

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.datasets import Batch
from engine.loop import Loop
from engine.randomness import generator
from tests.engine.conftest import MakeLoop

STEPS = 24
Step = Callable[[nn.Module, Loop, int], list[Tensor]]


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


def assert_follows(loop: Loop, step: Step) -> None:
    """The loop and a plain torch training by `step` end in the same place."""
    module = copy.deepcopy(loop.replica.module).train()
    chosen = loop.experiment.optimizer
    optimizer = torch.optim.SGD(module.parameters(), chosen.lr, momentum=0.9, weight_decay=chosen.weight_decay)
    start = loop.replica.weights.clone()
    for t in range(STEPS):
        for p, g in zip(module.parameters(), step(module, loop, t), strict=True):
            p.grad = g
        optimizer.param_groups[0]["lr"] = chosen.lr * loop.experiment.schedule.lr_factor(t / loop.steps)
        optimizer.step()
        loop.train()
    plain = torch.cat([p.detach().reshape(-1) for p in module.parameters()])
    moved = (plain - start).norm()
    assert (plain - loop.replica.weights).norm() < 2e-4 * moved
    for mine, theirs in zip(loop.replica.buffers, module.buffers(), strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-3, atol=1e-4)


def test_sam(make_loop: MakeLoop) -> None:
    rho = 0.05

    def step(module: nn.Module, loop: Loop, t: int) -> list[Tensor]:
        batch = loop.data.batch(0, t)
        g = plain_gradients(module, batch)
        norm = torch.sqrt(sum((x**2).sum() for x in g))
        return displaced(module, [rho * x / norm for x in g], batch)

    assert_follows(make_loop(method={"name": "sam", "rho": rho}, optimizer={"name": "sgd", "lr": 0.02}), step)


def test_m_arwp(make_loop: MakeLoop) -> None:
    sigma, eta, beta, lam = 0.02, 0.5, 0.9, 0.3
    memory: list[Tensor] = []

    def step(module: nn.Module, loop: Loop, t: int) -> list[Tensor]:
        parameters = list(module.parameters())
        if not memory:
            memory.extend(torch.zeros(p.shape[0]) for p in parameters)
        draws = torch.empty(sum(p.numel() for p in parameters)).normal_(generator=generator(torch.device("cpu"), 0, "noise", t))
        epsilons = []
        for p, z, v in zip(parameters, draws.split([p.numel() for p in parameters]), memory, strict=True):
            damp = (1 + eta * v) ** -0.5
            if p.ndim > 1:
                norm = torch.stack([w.norm() for w in p.detach()])
                epsilons.append(z.view_as(p) * (sigma * norm * damp).view(-1, *[1] * (p.ndim - 1)))
            else:
                epsilons.append(z * sigma * p.detach().norm() * damp)
        g_perturbed = displaced(module, epsilons, loop.data.batch(1, t))
        g = plain_gradients(module, loop.data.batch(0, t))
        for i, x in enumerate(g_perturbed):
            memory[i] = beta * memory[i] + (x**2).reshape(x.shape[0], -1).sum(1)
        return [lam * a + (1 - lam) * b for a, b in zip(g_perturbed, g, strict=True)]

    method = {"name": "m-arwp", "sigma": sigma, "eta": eta, "beta": beta, "lambda": lam}
    assert_follows(make_loop(method=method, optimizer={"name": "sgd", "lr": 0.02}), step)
