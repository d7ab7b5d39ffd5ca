"""The density of eigenvalues against those of a Hessian that is computed entry by entry."""

from collections.abc import Generator
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.experiment.schema import read
from engine.training.probes import density
from engine.training.probes.density import Density, quadrature, smooth, steps
from engine.training.probes.hessian import HessianProducts, Lanczos, Quadrature
from engine.training.probes.probe import Measured
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner
from tests.engine.training.probes.measuring import measure
from tests.engine.training.probes.test_spectrum import DoubleBatches, exact, small


def measured(**settings: int) -> tuple[Learner, DoubleBatches, Measured]:
    learner, images = small(nn.Tanh, density={"images": 64, **settings})
    before = learner.model.weights.clone()
    *_, last = measure(Density(), learner, images, images)
    assert torch.equal(learner.model.weights, before)
    return learner, images, last


def test_the_largest_are_the_eigenvalues() -> None:
    learner, images, last = measured(iterations=130, draws=2)
    eigenvalues = torch.linalg.eigvalsh(exact(learner, images)).numpy()
    expected = eigenvalues[np.abs(eigenvalues).argsort()[::-1][:5]]
    assert last.arrays["top"][:5] == pytest.approx(expected, rel=1e-5)
    assert last.facts["lambda_1"] == pytest.approx(eigenvalues.max(), rel=1e-5)
    assert (last.arrays["top_residual"][:5] < 1e-6).all()


def test_within_the_residual_of_each_of_the_largest_there_is_an_eigenvalue() -> None:
    learner, images, last = measured(iterations=8, draws=2)
    eigenvalues = torch.linalg.eigvalsh(exact(learner, images)).numpy()
    distances = np.abs(last.arrays["top"][:, None] - eigenvalues).min(1)
    assert (distances <= last.arrays["top_residual"] + 1e-9).all()
    assert last.arrays["top_residual"].max() > 1e-6


class Known:
    """A Hessian that is known entry by entry."""

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix

    def times(self, vector: Tensor, fraction: float) -> Generator[Measured, None, Tensor]:
        yield Measured(fraction)
        return self.matrix @ vector


def test_the_density_is_that_of_all_eigenvalues_to_one_per_cent() -> None:
    """In L¹, over so many starts that chance is small: their number times that of the weights is what counts."""
    learner, images = small(nn.Tanh)
    matrix, found = exact(learner, images), []
    for draw in range(3000):
        signs = fill_normal(torch.empty_like(learner.model.weights), draw, "density").sign_()
        found.append(finished(quadrature(cast("HessianProducts", Known(matrix)), signs, 90, (0.0, 1.0))))
    nodes, weights = np.stack([one.nodes for one in found]), np.stack([one.weights for one in found])
    places = np.linspace(nodes.min(), nodes.max(), 512)
    eigenvalues = torch.linalg.eigvalsh(matrix).numpy()
    expected = smooth(eigenvalues[None], np.full((1, len(matrix)), 1 / len(matrix)), places)
    assert np.abs(smooth(nodes, weights, places) - expected).sum() / expected.sum() < 0.01


def finished(measuring: Generator[Measured, None, Quadrature]) -> Quadrature:
    """What it returns in the end."""
    found: list[Quadrature] = []

    def run() -> Generator[Measured, None, None]:
        found.append((yield from measuring))

    list(run())
    return found[0]


def test_what_is_kept_is_the_density_of_its_draws() -> None:
    _, _, last = measured(iterations=20, draws=5)
    places = last.arrays["places"]
    assert last.arrays["density"] == pytest.approx(smooth(last.arrays["nodes"], last.arrays["weights"], places))
    assert np.trapezoid(last.arrays["density"], places) == pytest.approx(1, abs=0.05), "half a bell is cut off at an end"
    assert last.arrays["weights"].sum(1) == pytest.approx(np.ones(5))


def test_the_trace_is_within_its_error() -> None:
    learner, images, last = measured(iterations=10, draws=100)
    trace = exact(learner, images).trace().item()
    assert abs(last.facts["trace"] - trace) < 4 * last.facts["trace_error"]
    assert last.facts["trace_error"] < 0.1 * trace


def test_the_quadrature_is_exact_for_polynomials_of_twice_its_nodes() -> None:
    source = torch.Generator().manual_seed(1)
    rotation = torch.linalg.qr(torch.randn(50, 50, dtype=torch.float64, generator=source))[0]
    matrix = rotation @ torch.diag(torch.linspace(-1, 2, 50, dtype=torch.float64)) @ rotation.T
    start = torch.randn(50, dtype=torch.float64, generator=source)
    lanczos = Lanczos(start, most=7)
    for _ in range(6):
        lanczos.take(matrix @ lanczos.asked)
    found, power = lanczos.quadrature, start / start.norm()
    assert found.weights.sum() == pytest.approx(1)
    for exponent in range(1, 12):
        power = matrix @ power
        expected = torch.dot(start / start.norm(), power).item()
        assert (found.weights * found.nodes**exponent).sum() == pytest.approx(expected, abs=1e-10)


def test_its_vectors_take_no_more_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = torch.zeros(1000)
    assert steps(weights, 40) == 40
    monkeypatch.setattr(density, "MOST_BYTES", 4 * 1000 * 9)
    assert steps(weights, 40) == 9
    assert steps(torch.zeros(3), 40) == 3
    assert steps(torch.zeros(10**8), 40) == 2


def test_a_flat_loss_has_finite_numbers() -> None:
    learner, images = small(nn.Identity, density={"images": 64, "draws": 2, "iterations": 3})
    learner.model.weights.zero_()
    images.batch.images.zero_()
    *_, last = measure(Density(), learner, images, images)
    assert all(np.isfinite(array).all() for array in last.arrays.values())


def test_the_defaults_are_read() -> None:
    assert read({}).density.iterations == 40
