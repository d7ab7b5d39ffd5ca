"""The gauges against the Hessian entry by entry, against their definitions in plain loops, and against limits."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.func import functional_call

from engine.methods.base import RandomPerturbation
from engine.training.data import EvaluationSource
from engine.training.probes.evaluate import average
from engine.training.probes.flatness import Flatness
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner
from tests.engine.conftest import MakeLearner
from tests.engine.training.probes.measuring import images, measure
from tests.engine.training.probes.test_spectrum import DoubleBatches, exact, small


def gauges(kind: type[nn.Module] = nn.Tanh, **settings: object) -> tuple[Learner, DoubleBatches, dict[str, float]]:
    learner, images = small(kind, flatness=settings)
    before, buffers = learner.model.weights.clone(), [one.clone() for one in learner.model.buffers]
    *_, last = measure(Flatness(), learner, images, images)
    assert torch.equal(learner.model.weights, before)
    assert all(torch.equal(one, other) for one, other in zip(learner.model.buffers, buffers, strict=True))
    return learner, images, last.scalars


def test_the_trace_is_that_of_the_hessian_within_its_error() -> None:
    learner, images, found = gauges(draws=200)
    trace = exact(learner, images).trace().item()
    assert abs(found["flatness/trace"] - trace) < 4 * found["flatness/trace_error"]
    assert found["flatness/trace_error"] < 0.05 * trace


def test_a_small_noise_raises_the_loss_by_half_its_variances_times_the_diagonal() -> None:
    learner, images, found = gauges(draws=200, sigma=0.001)
    diagonal = exact(learner, images).diagonal()
    variances = []
    for parameter in learner.model.module.parameters():
        rows = parameter.detach().reshape(len(parameter), -1) if parameter.dim() > 1 else parameter.detach()[None]
        variances.append((0.001 * rows.norm(dim=1, keepdim=True)).square().expand_as(rows).reshape(-1))
    expected = 0.5 * (torch.cat(variances) * diagonal).sum().item()
    assert abs(found["flatness/noise"] - expected) < 4 * found["flatness/noise_error"]
    assert found["flatness/noise_error"] < 0.1 * expected


def test_the_worst_rise_is_that_of_one_ascent_step() -> None:
    learner, images, found = gauges(rho=0.3)
    module = learner.model.module
    names = [name for name, _ in module.named_parameters()]

    def loss(weights: torch.Tensor) -> torch.Tensor:
        logits = functional_call(module, dict(zip(names, learner.model.views(weights), strict=True)), images.batch.images)
        return nn.functional.cross_entropy(logits, images.batch.labels)

    center = learner.model.weights.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(center), center)
    with torch.no_grad():
        expected = (loss(center + 0.3 * gradient / gradient.norm()) - loss(center)).item()
    assert found["flatness/worst"] == pytest.approx(expected, rel=1e-6)


def test_a_loss_that_does_not_bend_is_flat() -> None:
    learner, images = small(nn.Identity)
    for parameter in learner.model.module.parameters():
        parameter.data.zero_()
    images.batch.images.zero_()
    *_, last = measure(Flatness(), learner, images, images)
    assert last.scalars["flatness/noise"] == 0
    assert all(value == value for value in last.scalars.values())


def test_the_error_is_that_of_the_mean_of_the_draws_it_keeps() -> None:
    learner, images = small(nn.Tanh, flatness={"draws": 5})
    *_, last = measure(Flatness(), learner, images, images)
    for name in ("noise", "trace"):
        kept = torch.tensor(last.arrays[name])
        assert len(kept) == 5
        assert last.scalars[f"flatness/{name}"] == pytest.approx(kept.mean().item())
        assert last.scalars[f"flatness/{name}_error"] == pytest.approx(kept.std().item() / 5**0.5)


@pytest.mark.parametrize("method", ["rwp", "arwp", "m-arwp"])
def test_the_own_noise_is_the_one_that_the_method_draws(make_learner: MakeLearner, method: str) -> None:
    learner = make_learner(
        model={"name": "mlp"}, method={"name": method, "sigma": 0.1}, flatness={"images": 64, "draws": 4, "sigma": 0.1}
    )
    for _ in range(3):
        learner.take_step()
    plain = images(learner, 64)
    *_, last = measure(Flatness(), learner, plain, plain)
    settings, damping = learner.experiment.method, None
    assert isinstance(settings, RandomPerturbation)
    if method != "rwp":
        damping = learner.damping(settings.model_dump()["eta"], settings.model_dump()["adaptive_exponent"])
    noise = learner.noise(settings, damping=damping)
    center, base, rises = learner.model.weights.clone(), rounds(learner, plain), []
    for draw in range(4):
        epsilon = replace(noise, draw=lambda out, draw=draw: fill_normal(out, learner.experiment.root, "flatness", draw))
        moved = torch.empty_like(center)
        epsilon.write(moved, center)
        pair = []
        for weights in (moved, 2 * center - moved):
            learner.model.weights.copy_(weights)
            pair.append(rounds(learner, plain))
        rises.append(sum(pair) / 2 - base)
    assert last.arrays["own_noise"] == pytest.approx(rises, rel=1e-3, abs=1e-6)
    if method != "rwp":
        assert last.scalars["flatness/own_noise"] != last.scalars["flatness/noise"]


def rounds(learner: Learner, plain: EvaluationSource) -> float:
    """The mean loss in eval mode."""
    learner.model.module.eval()
    return average(learner.model, list(plain.batches()))[0]


def test_a_method_without_noise_has_none_of_its_own(make_learner: MakeLearner) -> None:
    learner = make_learner(model={"name": "mlp"}, method={"name": "sgd"}, flatness={"images": 16, "draws": 2})
    *_, last = measure(Flatness(), learner, images(learner, 16), images(learner, 16))
    assert {name.partition("/")[2] for name in last.scalars} == {"worst", "noise", "noise_error", "trace", "trace_error"}
