"""The networks: size, shapes, initial weights, and that they learn."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from engine import nets
from engine.catalogue import MODELS
from engine.datasets import EvaluationData, TrainingData, load
from engine.experiment import read
from engine.nets.mlp import mlp
from engine.nets.resnet import resnet18
from engine.nets.small_cnn import small_cnn


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def weights(model: str, seed: int) -> torch.Tensor:
    module = nets.build(read({"model": {"name": model}}), (3, 16, 16), 10, seed)
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def test_resnet18_has_the_published_size() -> None:
    assert parameters(resnet18((3, 32, 32), 10)) == 11_173_962


def test_small_cnn_has_about_100_000_parameters() -> None:
    assert parameters(small_cnn((3, 32, 32), 10)) == pytest.approx(100_000, rel=0.1)


def test_mlp_has_two_hidden_layers_of_256() -> None:
    assert [layer.out_features for layer in mlp((1, 8, 8), 10) if isinstance(layer, nn.Linear)] == [256, 256, 10]


@pytest.mark.parametrize("build", [mlp, small_cnn, resnet18])
@pytest.mark.parametrize(("channels", "height", "width", "classes"), [(1, 8, 8, 10), (3, 28, 28, 2), (3, 33, 47, 100)])
def test_images_become_logits(
    build: Callable[[tuple[int, int, int], int], nn.Module], channels: int, height: int, width: int, classes: int
) -> None:
    module = build((channels, height, width), classes)
    logits = module(torch.randn(2, channels, height, width))
    assert logits.shape == (2, classes)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("model", [row for row in MODELS.values() if row.largest <= 128], ids=lambda row: row.name)
def test_the_limits_of_the_catalogue_are_true(model: object) -> None:
    assert isinstance(model, type(MODELS["mlp"]))
    for side in (model.smallest, model.largest):
        module = nets.build(read({"model": {"name": model.name}}), (3, side, side), 10, 0).eval()
        with torch.no_grad():
            assert module(torch.zeros(1, 3, side, side)).shape == (1, 10)


@pytest.mark.parametrize("model", MODELS)
def test_the_initial_weights_follow_the_seed_alone(model: str) -> None:
    first = weights(model, 3)
    torch.rand(5)
    assert torch.equal(weights(model, 3), first)
    assert not torch.equal(weights(model, 4), first)


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    weights("mlp", 3)
    assert torch.equal(before, torch.get_rng_state())


def test_torchvision_is_not_imported() -> None:
    code = "import sys; from engine.nets import resnet; from engine import nets; print('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.slow
def test_small_cnn_learns_the_digits() -> None:
    """30 epochs of SGD with momentum, batch 128, learning rate 0.1 along a cosine."""
    experiment, device = read({}), torch.device("cpu")
    splits = load(experiment, Path("nowhere"), lambda _message, _fraction: None)
    training, test = TrainingData(splits.train, experiment, device), EvaluationData(splits.test, experiment, device)
    module = nets.build(experiment, (1, 8, 8), 10, 0)
    optimizer = torch.optim.SGD(module.parameters(), 0.1, momentum=0.9, weight_decay=1e-3)
    steps = 30 * training.steps_per_epoch
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
