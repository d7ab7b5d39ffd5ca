"""The perturbations have the distribution they state."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from engine.methods import RWP
from engine.training.rng import fill_normal
from engine.training.weights.flat_model import FlatModel
from engine.training.weights.perturbations import Ascent, Damping, FilterNoise, SquaredGradients

SIGMA = 0.1
DRAWS = 3000


class Mixed(nn.Module):
    """One parameter of each kind: filters, a bias, a position embedding."""

    def __init__(self) -> None:
        super().__init__()
        scale = torch.tensor([0.0, 1.0, 5.0]).view(3, 1, 1, 1)
        self.conv = nn.Parameter(torch.randn(3, 2, 3, 3) * scale)
        self.bias = nn.Parameter(torch.tensor([3.0, 0.0, -4.0]))
        self.position = nn.Parameter(torch.randn(1, 4, 6))


@pytest.fixture
def model() -> FlatModel:
    torch.manual_seed(0)
    return FlatModel(Mixed(), torch.device("cpu"))


def draws(seed: int) -> Callable[[Tensor], Tensor]:
    source = torch.Generator().manual_seed(seed)
    return lambda out: out.normal_(generator=source)


def deviations(model: FlatModel, damping: Damping | None = None, **settings: object) -> tuple[Tensor, Tensor, Tensor]:
    """Measured standard deviation of every element of conv, bias and position over many draws."""
    noise = FilterNoise(model, RWP(**settings), SIGMA, draws(1), damping)
    out, squares = torch.empty_like(model.weights), torch.zeros_like(model.weights)
    for _ in range(DRAWS):
        noise.write(out, model.weights)
        squares += (out - model.weights) ** 2
    conv, bias, position = model.views((squares / DRAWS).sqrt())
    return conv, bias, position


def close(measured: Tensor, expected: Tensor) -> bool:
    return torch.allclose(measured, expected.expand_as(measured), rtol=0.08, atol=1e-6)


def test_a_filter_has_sigma_times_its_norm(model: FlatModel) -> None:
    conv, _, _ = deviations(model)
    assert close(conv, SIGMA * model.views(model.weights)[0].flatten(1).norm(dim=1).view(3, 1, 1, 1))


def test_a_position_embedding_has_a_filter_a_token(model: FlatModel) -> None:
    _, _, position = deviations(model)
    assert close(position, SIGMA * model.views(model.weights)[2].norm(dim=2, keepdim=True))


def test_a_position_embedding_is_one_filter_in_the_authors_code(model: FlatModel) -> None:
    conv, _, position = deviations(model, position_embeddings="authors")
    kernels, _, embedding = model.views(model.weights)
    assert close(position, SIGMA * embedding.norm())
    assert close(conv, SIGMA * kernels.flatten(1).norm(dim=1).view(3, 1, 1, 1))


def test_past_gradients_of_a_position_embedding_are_one_number_in_the_authors_code(model: FlatModel) -> None:
    apart, together = SquaredGradients(model), SquaredGradients(model, "authors")
    gradient = torch.randn_like(model.weights)
    for past in (apart, together):
        past.add(gradient, 0.9)
    _, _, embedding = model.views(gradient)
    assert torch.allclose(apart.v[-4:], embedding[0].square().sum(1))
    assert torch.allclose(together.v[-1], embedding.square().sum())
    assert len(apart.v) == len(together.v) + 3


@pytest.mark.parametrize(
    ("policy", "expected"), [("vector", [5.0, 5.0, 5.0]), ("element", [3.0, 0.0, 4.0]), ("skip", [0.0, 0.0, 0.0])]
)
def test_one_dimensional_parameters(model: FlatModel, policy: str, expected: list[float]) -> None:
    _, bias, _ = deviations(model, one_dimensional=policy)
    assert close(bias, SIGMA * torch.tensor(expected))


def test_by_the_root_mean_square_large_filters_get_no_more_noise_than_small_ones(model: FlatModel) -> None:
    """σ‖w‖/√n."""
    conv, bias, position = deviations(model, distribution="filter-rms")
    kernels, _, embedding = model.views(model.weights)
    assert close(conv, SIGMA * kernels.flatten(1).norm(dim=1).view(3, 1, 1, 1) / 18**0.5)
    assert close(bias, torch.tensor(SIGMA * 5 / 3**0.5))
    assert close(position, SIGMA * embedding.norm(dim=2, keepdim=True) / 6**0.5)
    _, bias, _ = deviations(model, distribution="filter-rms", one_dimensional="element")
    assert close(bias, SIGMA * torch.tensor([3.0, 0.0, 4.0]))


@pytest.mark.parametrize("one_dimensional", ["vector", "element", "skip"])
def test_deviations_by_the_root_mean_square_are_exact(model: FlatModel, one_dimensional: str) -> None:
    noise = FilterNoise(model, RWP(distribution="filter-rms", one_dimensional=one_dimensional), SIGMA, draws(1))
    kernels, bias, embedding = model.views(model.weights)
    square = {"vector": bias.square().mean().expand(3), "element": bias.square(), "skip": torch.zeros(3)}[one_dimensional]
    squares = torch.cat([kernels.flatten(1).square().mean(1), square, embedding[0].square().mean(1)])
    torch.testing.assert_close(noise._deviations(model.weights), SIGMA * squares.sqrt())


def test_the_opposite_of_noise_is_opposite_to_the_last_bit(model: FlatModel) -> None:
    noise = FilterNoise(model, RWP(distribution="isotropic"), SIGMA, lambda out: fill_normal(out, 0, "noise", 7))
    there, back, zero = torch.empty_like(model.weights), torch.empty_like(model.weights), torch.zeros_like(model.weights)
    assert torch.equal(noise.write(there, zero), (-noise).write(back, zero))
    assert torch.equal(there, -back)


def test_isotropic_noise_is_the_same_everywhere(model: FlatModel) -> None:
    for part in deviations(model, distribution="isotropic"):
        assert close(part, torch.tensor(SIGMA))


def test_past_gradients_damp_filter_by_filter(model: FlatModel) -> None:
    past = SquaredGradients(model)
    gradient = torch.zeros_like(model.weights)
    conv_g, bias_g, _ = model.views(gradient)
    conv_g[2, 0, 0, 0], bias_g[1] = 4.0, 2.0
    past.add(gradient, beta=0.9)
    past.add(gradient, beta=0.9)
    v_filter, v_element = 16 * 1.9, 4 * 1.9
    conv, bias, _ = deviations(model, damping=Damping(past, eta=1.0, exponent=0.5))
    w_conv, w_bias, _ = model.views(model.weights)
    assert close(conv[2], SIGMA * w_conv[2].norm() / (1 + v_filter) ** 0.5)
    assert close(conv[1], SIGMA * w_conv[1].norm())
    assert close(bias, SIGMA * w_bias.norm() / torch.tensor([1, (1 + v_element) ** 0.5, 1]))


def test_draws_are_not_correlated(model: FlatModel) -> None:
    noise = FilterNoise(model, RWP(distribution="isotropic"), 1.0, draws(2))
    seen = torch.stack(
        [noise.write(out := torch.empty_like(model.weights), torch.zeros_like(out)) * 0 + out for _ in range(4000)]
    )
    correlation = torch.corrcoef(seen.T)
    assert (correlation - torch.eye(len(correlation))).abs().max() < 0.08


def test_radius_is_the_norm_of_what_was_added(model: FlatModel) -> None:
    noise = FilterNoise(model, RWP(), SIGMA, draws(3))
    out = torch.empty_like(model.weights)
    radius = noise.write(out, model.weights)
    assert torch.isclose(radius, (out - model.weights).norm(), rtol=1e-4)


def test_ascent_has_the_radius_and_the_direction_of_the_gradient(model: FlatModel) -> None:
    gradient = torch.randn_like(model.weights)
    out = torch.empty_like(model.weights)
    radius = Ascent(gradient, 0.3).write(out, model.weights)
    assert torch.allclose(out - model.weights, 0.3 * gradient / gradient.norm(), atol=1e-6)
    assert torch.isclose(radius, torch.tensor(0.3))


def test_a_perturbation_is_bitwise_the_same_on_any_number_of_threads() -> None:
    torch.manual_seed(0)
    large = FlatModel(nn.Sequential(nn.Linear(700, 900), nn.Linear(900, 300)), torch.device("cpu"))
    past = SquaredGradients(large)
    past.v.uniform_()
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            noise = FilterNoise(large, RWP(), SIGMA, lambda out: fill_normal(out, 0, "noise", 7), Damping(past, 0.1, 0.5))
            found.append((out := torch.empty_like(large.weights), noise.write(out, large.weights)))
    finally:
        torch.set_num_threads(threads)
    for out, radius in found[1:]:
        assert torch.equal(out, found[0][0])
        assert torch.equal(radius, found[0][1])
