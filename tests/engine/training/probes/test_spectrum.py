"""λ₁ is the largest eigenvalue of the Hessian that is computed entry by entry."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import hessian
from torch.func import functional_call

from engine.experiment.schema import read
from engine.training.data import Batch, InMemoryTraining
from engine.training.models.vit import WIDTH, Attention, First, Residual, Tokens
from engine.training.probes.hessian import Lanczos, hessian_times
from engine.training.probes.spectrum import Sharpness
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel
from tests.engine.conftest import loaded
from tests.engine.training.probes.measuring import measure

CPU = torch.device("cpu")


class DoubleBatches:
    """Images of the digits in float64, in batches of unequal size."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.count = replace(batch, images=batch.images.double()), len(batch)

    def batches(self, *, limit: int | None = None) -> Iterator[Batch]:
        for part in (slice(0, 40), slice(40, limit)):
            yield Batch(self.batch.images[part], self.batch.labels[part])


def small(kind: type[nn.Module], **probes: Mapping[str, object]) -> tuple[Learner, DoubleBatches]:
    """A small network in float64, with the settings of probes by their names."""
    torch.manual_seed(0)
    every = {"spectrum": {"iterations": 2000, "images": 64}, "flatness": {"images": 64}}
    settings = {name: {**every.get(name, {}), **probes.get(name, {})} for name in every | probes}
    experiment = read({"schedule": {"batch_size": 64}, **settings})
    data = InMemoryTraining(loaded(experiment).train, experiment, CPU)
    module = nn.Sequential(nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(9, 6), kind(), nn.Linear(6, 10)).double()
    learner = Learner(experiment, FlatModel(module, CPU), data)
    return learner, DoubleBatches(data.batch(0, 0))


def exact(learner: Learner, images: DoubleBatches) -> Tensor:
    """The Hessian of the mean loss over all images (d, d), in eval mode."""
    module = learner.model.module.eval()
    names = [name for name, _ in module.named_parameters()]

    def loss(weights: Tensor) -> Tensor:
        logits = functional_call(module, dict(zip(names, learner.model.views(weights), strict=True)), images.batch.images)
        return nn.functional.cross_entropy(logits, images.batch.labels)

    found = hessian(loss, learner.model.weights.clone())
    assert isinstance(found, Tensor)
    return found


@pytest.mark.parametrize("kind", [nn.Tanh, nn.Identity])
def test_it_is_the_largest_eigenvalue(kind: type[nn.Module]) -> None:
    learner, images = small(kind, spectrum={"tolerance": 1e-6})
    before = learner.model.weights.clone()
    *_, last = measure(Sharpness(), learner, images, images)
    assert torch.equal(learner.model.weights, before)
    eigenvalues = torch.linalg.eigvalsh(exact(learner, images))
    assert last.scalars["sharpness/lambda_1"] == pytest.approx(eigenvalues.max().item(), rel=1e-5)
    assert last.scalars["sharpness/residual"] < 1e-6


def test_it_tells_of_what_has_not_converged() -> None:
    learner, images = small(nn.Tanh, spectrum={"iterations": 3, "tolerance": 1e-6})
    *_, last = measure(Sharpness(), learner, images, images)
    assert last.facts["iterations"] == len(last.arrays["lambda_1"]) == 3
    assert last.scalars["sharpness/residual"] > 1e-6
    nearest = (torch.linalg.eigvalsh(exact(learner, images)) - last.scalars["sharpness/lambda_1"]).abs().min().item()
    assert nearest <= last.scalars["sharpness/residual"] * last.scalars["sharpness/lambda_1"]


@pytest.mark.parametrize("most", [3, 12, 60])
def test_lanczos_finds_the_largest_of_a_known_spectrum_however_little_it_keeps(most: int) -> None:
    eigenvalues = torch.cat([torch.linspace(-3, 3, 59, dtype=torch.float64), torch.tensor([-4.0])])
    rotation = torch.linalg.qr(torch.randn(60, 60, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))[0]
    matrix = rotation @ torch.diag(eigenvalues) @ rotation.T
    lanczos = Lanczos(torch.ones(60, dtype=torch.float64), most)
    for _ in range(400):
        lanczos.take(matrix @ lanczos.asked)
        nearest = (eigenvalues - lanczos.value).abs().min().item()
        assert nearest <= lanczos.residual * abs(lanczos.value) + 1e-9
        assert torch.dot(lanczos.vector, matrix @ lanczos.vector).item() == pytest.approx(lanczos.value)
    assert lanczos.value == pytest.approx(-4, rel=1e-9)
    assert torch.allclose(matrix @ lanczos.vector, -4 * lanczos.vector, atol=1e-6)


def test_it_begins_where_it_was_last(monkeypatch: pytest.MonkeyPatch) -> None:
    learner, images = small(nn.Tanh, spectrum={"tolerance": 1e-4})
    sharpness = Sharpness()
    *_, first = measure(sharpness, learner, images, images)
    learner.model.weights.mul_(1.001)
    *_, second = measure(sharpness, learner, images, images)
    *_, cold = measure(Sharpness(), learner, images, images)
    assert second.facts["iterations"] < cold.facts["iterations"] / 2
    assert second.scalars["sharpness/lambda_1"] == pytest.approx(cold.scalars["sharpness/lambda_1"], rel=1e-6)
    assert first.scalars["sharpness/lambda_1"] != second.scalars["sharpness/lambda_1"]


def test_a_flat_loss_has_no_sharpness() -> None:
    learner, images = small(nn.Identity)
    for parameter in learner.model.module.parameters():
        parameter.data.zero_()
    images.batch.images.zero_()
    learner.model.module[2].bias.data.zero_()
    *_, last = measure(Sharpness(), learner, images, images)
    assert np.isfinite(list(last.scalars.values())).all()


def test_attention_has_a_second_derivative() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(Tokens((1, 8, 8)), Residual(Attention()), First(), nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10))
    model = FlatModel(module, CPU)
    batch = Batch(torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 3]))
    vector = torch.randn_like(model.weights)
    small, before = 1e-3, model.weights.clone()
    gradients = []
    for sign in (1, -1):
        model.weights.copy_(before + sign * small * vector / vector.norm())
        model.gradient.zero_()
        nn.functional.cross_entropy(model.module.eval()(batch.images), batch.labels).backward()
        gradients.append(model.gradient.clone())
    model.weights.copy_(before)
    difference = (gradients[0] - gradients[1]) / (2 * small) * vector.norm()
    assert torch.allclose(hessian_times(model, batch, vector), difference, rtol=0.05, atol=0.05 * difference.abs().max().item())
