"""The loss against the radius: half the square of it times the mean curvature for small ones, and the loss itself for any."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from engine.training.probes.probe import Measured
from engine.training.probes.radius import LossAgainstRadius
from engine.training.step.learner import Learner
from tests.engine.conftest import MakeLearner
from tests.engine.training.probes.measuring import images, measure
from tests.engine.training.probes.test_spectrum import DoubleBatches, exact, small


def measured(**settings: float) -> tuple[Learner, DoubleBatches, Measured]:
    learner, data = small(nn.Tanh, radius={"images": 64, **settings})
    before = learner.model.weights.clone()
    *_, last = measure(LossAgainstRadius(), learner, data, data)
    assert torch.equal(learner.model.weights, before)
    return learner, data, last


def test_isotropic_noise_raises_the_loss_by_half_the_square_of_its_radius_times_the_mean_eigenvalue() -> None:
    learner, data, last = measured(draws=200, nearest=1e-3, farthest=1e-2, points=3)
    hessian = exact(learner, data)
    expected = 0.5 * last.arrays["radius"] ** 2 * (hessian.trace().item() / len(hessian))
    rises = last.arrays["isotropic"] - last.arrays["loss"]
    error = rises.std(0, ddof=1) / 200**0.5
    assert (np.abs(rises.mean(0) - expected) < 4 * error).all()
    assert (error < 0.1 * expected).all()


def test_filter_noise_is_weighed_by_the_norms_of_the_filters() -> None:
    learner, data, last = measured(draws=200, nearest=1e-3, farthest=1e-2, points=2)
    variances = []
    for parameter in learner.model.module.parameters():
        rows = parameter.detach().reshape(len(parameter), -1) if parameter.dim() > 1 else parameter.detach()[None]
        variances.append(rows.norm(dim=1, keepdim=True).square().expand_as(rows).reshape(-1))
    shares = torch.cat(variances)
    curvature = ((shares / shares.sum()) * exact(learner, data).diagonal()).sum().item()
    rises = last.arrays["filter"] - last.arrays["loss"]
    error = rises.std(0, ddof=1) / 200**0.5
    expected = 0.5 * last.arrays["radius"] ** 2 * curvature
    assert (np.abs(rises.mean(0) - expected) < 4 * error + 0.02 * expected).all(), "a draw of few weights has no fixed length"


def test_the_ascent_is_one_step_along_the_gradient() -> None:
    learner, data, last = measured(nearest=0.1, farthest=2.0, points=4)
    module = learner.model.module
    names = [name for name, _ in module.named_parameters()]

    def loss(weights: Tensor) -> Tensor:
        logits = functional_call(module, dict(zip(names, learner.model.views(weights), strict=True)), data.batch.images)
        return nn.functional.cross_entropy(logits, data.batch.labels)

    center = learner.model.weights.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(center), center)
    with torch.no_grad():
        expected = [loss(center + radius * gradient / gradient.norm()).item() for radius in last.arrays["radius"]]
        assert last.arrays["loss"] == pytest.approx(loss(center).item())
    assert last.arrays["ascent"] == pytest.approx(expected, rel=1e-6)


def test_radii_are_shares_of_the_norm_of_the_weights() -> None:
    learner, _, last = measured(nearest=0.1, farthest=10.0, points=3)
    norm = learner.model.weights.norm().item()
    assert last.arrays["radius"] == pytest.approx([0.1 * norm, norm, 10 * norm])


@pytest.mark.parametrize(("method", "is_damped"), [("m-arwp", True), ("m-rwp", False), ("sgd", False)])
def test_the_noise_of_an_adaptive_method_is_there_as_well(make_learner: MakeLearner, method: str, is_damped: bool) -> None:
    learner = make_learner(model={"name": "mlp"}, method={"name": method}, radius={"images": 16, "draws": 2, "points": 2})
    learner.take_step()
    *_, last = measure(LossAgainstRadius(), learner, images(learner, 16), images(learner, 16))
    assert ("damped" in last.arrays) == is_damped
    assert last.arrays["filter"].shape == (2, 2)
