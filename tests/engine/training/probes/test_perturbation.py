"""How large the perturbation is in each layer, against the distribution it is drawn from."""

from typing import Any

import numpy as np
import pytest
import torch

from engine.training.probes.perturbation import EDGES, PerturbationByLayer
from engine.training.probes.probe import Measured
from engine.training.step.learner import Learner
from tests.engine.conftest import MakeLearner
from tests.engine.training.probes.measuring import images, measure


def measured(make_learner: MakeLearner, steps: int = 3, **method: Any) -> tuple[Learner, Measured]:
    learner = make_learner(model={"name": "mlp"}, method=method, perturbation={"draws": 50, "images": 64})
    for _ in range(steps):
        learner.take_step()
    plain = images(learner, 64)
    before = learner.model.weights.clone()
    *_, last = measure(PerturbationByLayer(), learner, plain, plain)
    assert torch.equal(learner.model.weights, before)
    return learner, last


def test_noise_by_filters_is_sigma_times_the_weights_in_every_matrix(make_learner: MakeLearner) -> None:
    learner, last = measured(make_learner, name="m-rwp", sigma=0.1)
    layers = [parameter.detach() for parameter in learner.model.module.parameters()]
    assert last.facts["layers"] == [name for name, _ in learner.model.module.named_parameters()]
    assert last.arrays["weights"] == pytest.approx([layer.norm().item() for layer in layers], rel=1e-5)
    for layer, epsilon in zip(layers, last.arrays["epsilon"], strict=True):
        rows = layer.reshape(len(layer), -1) if layer.ndim > 1 else layer[None]
        expected = 0.1 * (rows.shape[1] ** 0.5) * rows.norm().item()
        assert epsilon == pytest.approx(expected, rel=0.1)
    assert last.facts["of"] == "the noise of m-rwp"
    assert "damping" not in last.facts


def test_the_histogram_has_the_share_of_every_size(make_learner: MakeLearner) -> None:
    learner, last = measured(make_learner, name="m-rwp", sigma=0.1)
    shares = last.arrays["histogram"]
    assert shares.sum(1) == pytest.approx(np.ones(len(shares)))
    deviation = 0.1 * next(learner.model.module.parameters()).detach().norm(dim=1)
    reference = (torch.randn(2000, len(deviation), generator=torch.Generator().manual_seed(1)) * deviation).abs().log10()
    expected = np.histogram(reference.clamp(EDGES[0], EDGES[-1]).numpy(), EDGES)[0] / reference.numel()
    assert np.abs(shares[0] - expected).sum() < 0.05


def test_damping_is_the_mean_of_its_factors(make_learner: MakeLearner) -> None:
    learner, last = measured(make_learner, name="arwp", sigma=0.1, eta=10.0)
    plain = measured(make_learner, name="rwp", sigma=0.1)[1]
    factors = (1 + 10.0 * learner.past.v) ** -learner.experiment.method.adaptive_exponent  # type: ignore[union-attr]
    first = next(learner.model.module.parameters())
    assert last.facts["damping"][0] == pytest.approx(factors[: len(first)].mean().item(), rel=1e-3)
    assert (last.arrays["epsilon"] / last.arrays["weights"] <= plain.arrays["epsilon"] / plain.arrays["weights"]).all()


@pytest.mark.parametrize(
    ("method", "words", "length"),
    [({"name": "sam", "rho": 0.07}, "an ascent step of length ρ = 0.07", 0.07), ({"name": "sgd"}, "for sgd draws none", None)],
    ids=["sam", "sgd"],
)
def test_a_method_without_noise_has_its_ascent_or_that_of_the_gauges(
    make_learner: MakeLearner, method: dict[str, Any], words: str, length: float | None
) -> None:
    _, last = measured(make_learner, **method)
    assert words in last.facts["of"]
    if length:
        assert np.linalg.norm(last.arrays["epsilon"]) == pytest.approx(length, rel=1e-4)
    assert last.arrays["epsilon"].all()
