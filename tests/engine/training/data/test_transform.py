"""Mixup, RandAugment, and the set that is held only once."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from PIL import Image

from engine.experiment.schema import read
from engine.experiment.seeds import WIDE
from engine.training.data import ImageSet, InMemoryEvaluation, InMemoryTraining
from engine.training.data.decode import RandomCrop
from engine.training.data.randaugment import RandAugment

CPU = torch.device("cpu")
PLAIN = {"flip": False, "crop_padding": 0, "cutout": 0}
GREY = {"mean": 0.3058, "std": 0.3764}


def pictures(count: int = 32, channels: int = 1) -> ImageSet:
    source = torch.Generator().manual_seed(0)
    return ImageSet(torch.randint(256, (count, channels, 8, 8), dtype=torch.uint8, generator=source), torch.arange(count))


def data(images: ImageSet | None = None, seed: int = 0, batch: int = 16, **options: object) -> InMemoryTraining:
    return InMemoryTraining(images or pictures(), read({"seed": seed, "data": options, "schedule": {"batch_size": batch}}), CPU)


def pixels(images: torch.Tensor) -> torch.Tensor:
    return (images * GREY["std"] + GREY["mean"]) * 255


def test_mixup_blends_images_and_names_both_labels() -> None:
    batch = data(mixup=1.0, **PLAIN).batch(0, 0)
    stored = pictures().images.float()
    blend = batch.share * stored[batch.labels] + (1 - batch.share) * stored[batch.partners]
    torch.testing.assert_close(pixels(batch.images), blend, atol=1e-2, rtol=0)
    assert sorted(batch.partners.tolist()) == sorted(batch.labels.tolist())
    assert not torch.equal(batch.partners, batch.labels)


def test_mixup_leaves_order_crops_and_mirrors_as_they_were() -> None:
    plain, mixed = data(crop_padding=2).batch(1, 3), data(crop_padding=2, mixup=0.2).batch(1, 3)
    assert torch.equal(plain.labels, mixed.labels)
    partner = torch.tensor([plain.labels.tolist().index(label) for label in mixed.partners.tolist()])
    torch.testing.assert_close(mixed.images, mixed.share * plain.images + (1 - mixed.share) * plain.images[partner])
    assert plain.partners is None


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_have_the_beta_distribution(alpha: float) -> None:
    training = data(pictures(2), batch=2, mixup=alpha, **PLAIN)
    shares = torch.tensor([training.batch(stream, step).share for stream in (0, 1) for step in range(1000)])
    assert shares.mean() == pytest.approx(0.5, abs=0.02)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.08)


def test_mixup_is_a_function_of_seed_stream_and_step() -> None:
    asked = [
        data(mixup=1.0).batch(0, 1),
        data(mixup=1.0).batch(1, 1),
        data(mixup=1.0).batch(0, 2),
        data(None, 1, mixup=1.0).batch(0, 1),
    ]
    assert len({batch.share for batch in asked}) == 4
    again = data(mixup=1.0).batch(0, 1)
    assert torch.equal(again.images, asked[0].images)
    assert torch.equal(again.partners, asked[0].partners)


def test_randaugment_varies_each_image_on_its_own() -> None:
    same = ImageSet(pictures(1).images.repeat(32, 1, 1, 1), torch.arange(32))
    batch = data(same, augmentation="randaugment", **PLAIN).batch(0, 0)
    assert len({tuple(image.flatten().tolist()) for image in batch.images}) > 8
    assert pixels(batch.images).min() >= -0.01
    assert pixels(batch.images).max() <= 255.01


def test_randaugment_is_drawn_anew_for_every_batch_and_from_nothing_else() -> None:
    same = ImageSet(pictures(1).images.repeat(32, 1, 1, 1), torch.arange(32))
    training = data(same, augmentation="randaugment", **PLAIN)
    first, second, other = (training.batch(stream, step).images for stream, step in ((0, 0), (0, 1), (1, 0)))
    assert not torch.equal(first, second)
    assert not torch.equal(first, other)
    torch.rand(1)
    assert torch.equal(training.batch(0, 0).images, first)


@pytest.mark.parametrize("channels", [1, 3])
def test_randaugment_is_a_function_of_seed_stream_and_step(channels: int) -> None:
    images, on = pictures(channels=channels), {"augmentation": "randaugment"}
    batches = [data(images, seed, **on).batch(stream, step).images for seed, stream, step in ((0, 0, 0), (1, 0, 0), (0, 1, 0))]
    assert all(not torch.equal(a, b) for i, a in enumerate(batches) for b in batches[:i])
    before = torch.get_rng_state()
    assert torch.equal(data(images, **on).batch(0, 0).images, batches[0])
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("bit", [40, 100])
def test_what_torchvision_draws_follows_from_all_bits_of_a_seed(bit: int) -> None:
    images = pictures(channels=3).images
    one, other = (RandAugment(14)(images, WIDE | 5 | seed) for seed in (0, 1 << bit))
    assert not torch.equal(one, other)
    picture = Image.fromarray(images[0].permute(1, 2, 0).numpy())
    crop, another = (RandomCrop(6, None)(picture, WIDE | 5 | seed) for seed in (0, 1 << bit))
    assert not torch.equal(crop, another)


def test_randaugment_may_be_asked_from_two_threads() -> None:
    training = data(augmentation="randaugment")
    alone = [[training.batch(stream, step).images for step in range(10)] for stream in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda stream: [training.batch(stream, step).images for step in range(10)], (0, 1)))
    assert all(torch.equal(a, b) for one, two in zip(alone, together, strict=True) for a, b in zip(one, two, strict=True))


def test_randaugment_replaces_the_usual_cutout_unless_one_is_asked_for() -> None:
    """A blank square has the value 0, which no pixel of CIFAR has after normalising."""

    def blanked(**options: object) -> bool:
        options = {"name": "cifar10", "crop_padding": 0, "augmentation": "randaugment", **options}
        return bool((data(pictures(channels=3), **options).batch(0, 0).images == 0).any())

    assert blanked(augmentation="standard")
    assert not blanked()
    assert blanked(cutout=4)


@pytest.mark.parametrize("padding", [0, 3])
def test_the_training_images_are_held_once(padding: int) -> None:
    images = pictures()
    training = data(copy.deepcopy(images), crop_padding=padding)
    plain = training.plain
    assert torch.equal(plain.images, images.images)
    assert plain.images.untyped_storage().data_ptr() == training._padded.untyped_storage().data_ptr()
    (batch,) = InMemoryEvaluation(plain, read({}), CPU).batches()
    torch.testing.assert_close(pixels(batch.images), images.images.float(), atol=1e-2, rtol=0)


def test_randaugment_is_as_strong_as_is_asked_for() -> None:
    """At strength 0 no operation that has one does anything; those that have none are still drawn."""
    images = pictures(channels=3)
    changed = [
        float(
            (
                data(images, augmentation="randaugment", magnitude=strength, **PLAIN).batch(0, 0).images
                - data(images, **PLAIN).batch(0, 0).images
            )
            .abs()
            .mean()
        )
        for strength in (0, 9, 14, 30)
    ]
    assert changed[0] < min(changed[1:])
    assert changed[1] < changed[3]
