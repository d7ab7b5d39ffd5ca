"""The batched variations against the same done image by image."""

import pytest
import torch
from torch import Tensor

from engine.experiment.schema import read
from engine.training.data.augment import Augmentation, Normalisation


def one_by_one(image: Tensor, draw: Tensor, how: Augmentation, mean: Tensor, std: Tensor) -> Tensor:
    """Pad, crop, mirror, normalise and blank one image (C, H, W), as torchvision's transforms do."""
    _, height, width = image.shape
    top, left, mirrored, blanked, row, column = draw.tolist()
    framed = torch.zeros(image.shape[0], height + 2 * how.padding, width + 2 * how.padding, dtype=torch.uint8)
    framed[:, how.padding : how.padding + height, how.padding : how.padding + width] = image
    image = framed[:, top : top + height, left : left + width]
    if how.flip and mirrored:
        image = image.flip(-1)
    varied = (image.float() / 255 - mean[:, None, None]) / std[:, None, None]
    if how.cutout and blanked:
        start, side = (row - how.cutout // 2, column - how.cutout // 2), how.cutout
        varied[:, max(0, start[0]) : start[0] + side, max(0, start[1]) : start[1] + side] = 0
    return varied


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize("cutout", [0, 1, 7, 16, 100])
def test_equals_the_transforms_of_single_images(flip: bool, padding: int, cutout: int) -> None:
    experiment = read({"data": {"name": "cifar10", "flip": flip, "crop_padding": padding, "cutout": cutout}})
    source = torch.Generator().manual_seed(1)
    images = torch.randint(256, (50, 3, 20, 24), dtype=torch.uint8, generator=source)
    how, index = Augmentation.of(experiment), torch.randperm(50, generator=source)[:40]
    draws = how.draw(40, 20, 24, source)
    normalised = Normalisation(experiment, torch.device("cpu"))(how.views(how.padded(images), index, draws))
    batch = how.blank(normalised, draws)
    mean, std = torch.tensor(experiment.dataset.mean), torch.tensor(experiment.dataset.std)
    expected = torch.stack([one_by_one(images[i], draw, how, mean, std) for i, draw in zip(index, draws.T, strict=True)])
    assert batch.shape == (40, 3, 20, 24)
    assert (batch - expected).abs().max() <= 3e-7


def test_draws_reach_every_place_and_half_of_the_images() -> None:
    draws = Augmentation(True, 2, 4).draw(20_000, 6, 9, torch.Generator().manual_seed(0))
    assert [sorted(set(row.tolist())) for row in draws] == [list(range(end)) for end in (5, 5, 2, 2, 6, 9)]
    assert draws[2:4].float().mean(1) == pytest.approx(0.5, abs=0.02)


def test_an_empty_field_takes_what_is_usual_for_the_dataset() -> None:
    assert Augmentation.of(read({"data": {"name": "cifar10"}})) == Augmentation(flip=True, padding=4, cutout=16)
    assert Augmentation.of(read({"data": {"name": "mnist"}})) == Augmentation(flip=False, padding=2, cutout=0)
    chosen = {"name": "cifar10", "flip": False, "crop_padding": 0, "cutout": 0}
    assert Augmentation.of(read({"data": chosen})) == Augmentation(flip=False, padding=0, cutout=0)
