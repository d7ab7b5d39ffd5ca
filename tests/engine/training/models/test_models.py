"""The networks: size, shapes, initial weights, and that they learn."""

import math
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from engine.catalogue import MODELS, Model
from engine.experiment.schema import read
from engine.training import models
from engine.training.data import InMemoryEvaluation, InMemoryTraining, load
from engine.training.models.mlp import mlp
from engine.training.models.resnet import resnet18, resnet50
from engine.training.models.small_cnn import small_cnn
from engine.training.models.vit import vit_s
from engine.training.models.wide_resnet import wrn_16_8

LIGHT = [row for row in MODELS.values() if row.parameters < 30e6]


def weights(row: Model, seed: int) -> torch.Tensor:
    module = models.build(read({"model": {"name": row.name}}), row.shape, 10, seed)
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def test_mlp_has_two_hidden_layers_of_256() -> None:
    assert [layer.out_features for layer in mlp((1, 8, 8), 10) if isinstance(layer, nn.Linear)] == [256, 256, 10]


@pytest.mark.parametrize("build", [mlp, small_cnn, resnet18, resnet50, wrn_16_8, vit_s])
@pytest.mark.parametrize(("channels", "height", "width", "classes"), [(1, 8, 8, 10), (3, 28, 28, 2), (3, 32, 48, 100)])
def test_images_become_logits(
    build: Callable[[tuple[int, int, int], int], nn.Module], channels: int, height: int, width: int, classes: int
) -> None:
    module = build((channels, height, width), classes)
    logits = module(torch.randn(2, channels, height, width))
    assert logits.shape == (2, classes)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("row", MODELS.values(), ids=lambda row: row.name)
def test_the_limits_of_the_catalogue_are_true(row: Model) -> None:
    for side in (row.smallest, row.largest):
        with torch.device("meta"):
            module = pkgutil.resolve_name(row.build)((3, side, side), 7)
            assert module(torch.empty(2, 3, side, side)).shape == (2, 7)
    if row.smallest > row.multiple:
        assert not row.accepts((3, row.smallest - 1, row.smallest - 1))


@pytest.mark.parametrize("row", LIGHT, ids=lambda row: row.name)
def test_the_initial_weights_follow_the_seed_alone(row: Model) -> None:
    first = weights(row, 3)
    torch.rand(5)
    assert torch.equal(weights(row, 3), first)
    assert not torch.equal(weights(row, 4), first)


@pytest.mark.parametrize("row", LIGHT, ids=lambda row: row.name)
def test_every_weight_gets_a_gradient_and_the_global_generator_is_left_alone(row: Model) -> None:
    side = row.smallest * (1 if row.smallest % row.multiple == 0 else row.multiple)
    module = models.build(read({"model": {"name": row.name}}), (3, side, side), 4, 0)
    before = torch.get_rng_state()
    module(torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    assert torch.equal(before, torch.get_rng_state())
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in module.parameters())


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    weights(MODELS["mlp"], 3)
    assert torch.equal(before, torch.get_rng_state())


def test_the_authors_vgg_begins_with_hes_weights_by_what_goes_out() -> None:
    """N(0, 2 / (9 · channels out)): their code takes mode="fan_out"; the first layer, of 3 channels to 64, tells it apart."""
    module = models.build(read({"model": {"name": "vgg16-bn-authors"}}), (3, 32, 32), 10, 0)
    convolutions = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 13
    for layer in convolutions:
        deviation = math.sqrt(2 / (9 * layer.out_channels))
        assert float(layer.weight.detach().std()) == pytest.approx(deviation, rel=5 / math.sqrt(2 * layer.weight.numel()))
        assert layer.bias is not None
        assert not layer.bias.any()


def test_torchvision_is_not_imported() -> None:
    code = "import sys; from engine.training.models import resnet, vgg, vit, imagenet; print('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.slow
def test_small_cnn_learns_the_digits() -> None:
    """30 epochs of SGD with momentum, batch 128, learning rate 0.1 along a cosine."""
    experiment, device = read({}), torch.device("cpu")
    splits = load(experiment, Path("nowhere"), lambda _message, _fraction: None)
    training, test = InMemoryTraining(splits.train, experiment, device), InMemoryEvaluation(splits.test, experiment, device)
    module = models.build(experiment, (1, 8, 8), 10, 0)
    optimizer = torch.optim.SGD(module.parameters(), 0.1, momentum=0.9, weight_decay=1e-3)
    steps = 30 * training.batch_schedule.steps(1)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 + math.cos(math.pi * step / steps))
        batch = training.batch(0, step)
        optimizer.zero_grad()
        cross_entropy(module(batch.images), batch.labels).backward()
        optimizer.step()
    module.eval()
    with torch.no_grad():
        correct = sum(int((module(batch.images).argmax(1) == batch.labels).sum()) for batch in test.batches())
    assert correct / test.count >= 0.97
