"""The flat optimizers do exactly what torch.optim does."""

import pytest
import torch

from engine.experiment.optimization import Adam, AdamW, Optimizer, SGDOptimizer
from engine.training.weights.optimizers import Step, flat_optimizer

CASES = {
    "sgd": (SGDOptimizer(lr=0.1, momentum=0.9, weight_decay=1e-2), torch.optim.SGD, {"momentum": 0.9}),
    "sgd without momentum": (SGDOptimizer(lr=0.1, momentum=0.0), torch.optim.SGD, {}),
    "adam": (Adam(lr=1e-2, weight_decay=1e-2), torch.optim.Adam, {}),
    "adamw": (AdamW(lr=1e-2, weight_decay=1e-1), torch.optim.AdamW, {}),
}


@pytest.mark.parametrize(("settings", "theirs", "more"), CASES.values(), ids=CASES.keys())
def test_equal_to_torch(settings: Optimizer, theirs: type[torch.optim.Optimizer], more: dict[str, float]) -> None:
    mine = torch.randn(1001)
    parameter = torch.nn.Parameter(mine.clone())
    optimizer = theirs([parameter], lr=settings.lr, weight_decay=settings.weight_decay, fused=True, **more)
    flat = flat_optimizer(settings, mine)
    for step in range(20):
        parameter.grad = torch.randn(1001)
        lr = settings.lr / (step + 1)
        optimizer.param_groups[0]["lr"] = lr
        flat.step(parameter.grad, lr)
        optimizer.step()
        assert torch.equal(mine, parameter.detach())


@pytest.mark.parametrize("settings", [settings for settings, _, _ in CASES.values()], ids=CASES.keys())
def test_a_step_is_foreseen_and_not_taken(settings: Optimizer) -> None:
    w, foreseen = torch.randn(1001, dtype=torch.float64), torch.empty(1001, dtype=torch.float64)
    flat = flat_optimizer(settings, w)
    for _ in range(5):
        g, before = torch.randn(1001, dtype=torch.float64), [one.clone() for one in (w, *flat.state.values())]
        length = Step(flat, g, 0.03).write(foreseen, w)
        assert all(torch.equal(now, then) for now, then in zip((w, *flat.state.values()), before, strict=True))
        flat.step(g, 0.03)
        torch.testing.assert_close(foreseen, w, rtol=1e-12, atol=1e-9)
        torch.testing.assert_close(length, (w - before[0]).norm())
