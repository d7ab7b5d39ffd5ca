"""What the rows say is what the models are, and what was published about them."""

import pkgutil

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from engine.catalogue import DATASETS, MODELS, Model

PUBLISHED = {
    "vgg16-bn": (14.72, 0.313),
    "vgg16-bn-authors": (15.25, 0.313),
    "resnet18": (11.17, 0.56),
    "resnet50": (23.52, 1.30),
    "wrn-16-8": (10.96, 1.55),
    "wrn-28-10": (36.48, 5.25),
    "vgg16-bn-224": (138.37, 15.5),
    "resnet18-224": (11.69, 1.81),
    "resnet50-224": (25.56, 4.09),
    "vit-s32-224": (22.88, 1.14),
}
"""Millions of parameters and billions of multiply-adds, from the papers and from torchvision's table of weights."""


def on_meta(row: Model) -> nn.Module:
    with torch.device("meta"):
        module: nn.Module = pkgutil.resolve_name(row.build)(row.shape, row.classes)
    return module


@pytest.mark.parametrize("row", MODELS.values(), ids=lambda row: row.name)
def test_parameters_and_operations_are_those_of_the_model(row: Model) -> None:
    module = on_meta(row)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.device("meta"):
        module(torch.empty(2, *row.shape))
    assert sum(parameter.numel() for parameter in module.parameters()) == row.parameters
    assert counter.get_total_flops() == 2 * row.flops


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_operations_are_the_published_ones(name: str) -> None:
    millions, multiply_adds = PUBLISHED[name]
    assert MODELS[name].parameters / 1e6 == pytest.approx(millions, abs=0.01)
    assert MODELS[name].flops / 2e9 == pytest.approx(multiply_adds, rel=0.015)


@pytest.mark.parametrize("row", MODELS.values(), ids=lambda row: row.name)
def test_no_model_draws_from_the_global_generator(row: Model) -> None:
    """torch's dropout does, which two threads at once cannot repeat."""
    assert not any(isinstance(part, nn.Dropout) and part.p > 0 for part in on_meta(row).modules())


def test_every_dataset_of_a_known_size_has_models_that_fit() -> None:
    for row in DATASETS.values():
        if row.classes:
            assert any(model.accepts(row.shape) for model in MODELS.values()), row.name


def test_a_model_is_kept_to_its_sides() -> None:
    assert MODELS["vit-s"].accepts((3, 32, 32))
    assert not MODELS["vit-s"].accepts((3, 30, 32))
    assert not MODELS["resnet18-224"].accepts((1, 8, 8))
    assert MODELS["vit-s32-224"].sides == "64 to 512 pixels in multiples of 32"


def test_a_network_that_takes_an_image_whole_has_weights_for_each_of_its_pixels() -> None:
    row, shape = MODELS["mlp"], (1, 8, 8)
    module: nn.Module = pkgutil.resolve_name(row.build)(shape, 10)
    assert row.weights(shape) == sum(parameter.numel() for parameter in module.parameters())
    assert row.operations(shape) == 2 * sum(parameter.numel() for parameter in module.parameters() if parameter.dim() == 2)
    assert MODELS["small-cnn"].operations((3, 64, 64)) == 4 * MODELS["small-cnn"].flops
