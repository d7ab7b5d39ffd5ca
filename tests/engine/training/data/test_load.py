"""What an experiment asks of any dataset: fewer images, noisy labels, sizes that fit."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import Refused
from engine.experiment.schema import Experiment, read
from engine.experiment.validate import check
from engine.training.data import ImageSet, Splits, load
from engine.training.data.progress import paced
from engine.training.data.types import FileSet


def quiet(_message: str, _fraction: float | None) -> None:
    pass


def digits(seed: int = 0, **options: Any) -> Splits:
    return load(read({"seed": seed, "data": options}), Path("nowhere"), quiet)


def differing(one: Splits, other: Splits) -> int:
    return int((one.train.labels != other.train.labels).sum())


def test_a_smaller_training_set_is_a_random_part_of_the_whole() -> None:
    whole, part = digits(), digits(train_size=200)
    assert part.train.images.shape == (200, 1, 8, 8)
    rows = {
        (tuple(image.flatten().tolist()), int(label)) for image, label in zip(whole.train.images, whole.train.labels, strict=True)
    }
    chosen = [
        (tuple(image.flatten().tolist()), int(label)) for image, label in zip(part.train.images, part.train.labels, strict=True)
    ]
    assert rows.issuperset(chosen)
    assert len(set(chosen)) == 200
    assert not torch.equal(part.train.images, whole.train.images[:200])


def test_the_part_follows_the_seed() -> None:
    assert torch.equal(digits(train_size=200).train.images, digits(train_size=200).train.images)
    assert not torch.equal(digits(train_size=200).train.images, digits(seed=1, train_size=200).train.images)


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_noise_redraws_a_fraction_of_the_training_labels(fraction: float) -> None:
    clean, noisy = digits(), digits(label_noise=fraction)
    assert differing(clean, noisy) == pytest.approx(fraction * 0.9 * 1437, abs=0.04 * 1437 * fraction)
    assert torch.equal(clean.train.images, noisy.train.images)
    assert torch.equal(clean.test.labels, noisy.test.labels)
    assert set(noisy.train.labels.tolist()) == set(range(10))


def test_the_noise_follows_the_seed() -> None:
    assert differing(digits(label_noise=0.5), digits(label_noise=0.5)) == 0
    assert differing(digits(label_noise=0.5), digits(seed=1, label_noise=0.5)) > 100


def rows(images: ImageSet | FileSet) -> list[tuple[bytes, int]]:
    assert isinstance(images, ImageSet)
    return [(image.numpy().tobytes(), label) for image, label in zip(images.images, images.labels.tolist(), strict=True)]


def test_held_out_images_take_the_place_of_the_test_images() -> None:
    whole, apart = digits(), digits(validation_split=0.2)
    assert len(apart.test.labels) == 287
    assert sorted(rows(apart.train) + rows(apart.test)) == sorted(rows(whole.train))
    assert not set(rows(apart.test)) & set(rows(whole.test))
    shares = apart.test.labels.bincount() / whole.train.labels.bincount()
    assert shares.tolist() == pytest.approx([0.2] * 10, abs=0.01)


def test_they_are_the_same_for_every_seed_and_however_little_is_learned_from() -> None:
    apart = digits(validation_split=0.2, label_noise=1.0, train_size=200)
    other = digits(validation_split=0.2, label_noise=0.5, seed=7)
    assert rows(apart.test) == rows(other.test) == rows(digits(validation_split=0.2).test)
    assert len(apart.train.labels) == 200


def test_the_noise_is_a_fraction_of_the_labels_that_are_left() -> None:
    clean, noisy = digits(validation_split=0.5), digits(validation_split=0.5, label_noise=1.0)
    assert len(noisy.train.labels) == 719
    assert differing(clean, noisy) == pytest.approx(0.9 * 719, abs=0.04 * 719)


@pytest.mark.parametrize(
    ("config", "field", "cure"),
    [
        ({"data": {"validation_split": 0.2, "train_size": 1151}}, "data.train_size", "at most 1150"),
        ({"data": {"validation_split": 0.2}, "schedule": {"batch_size": 1151}}, "schedule.batch_size", "at most 1150"),
        ({"data": {"validation_split": 0.9999}}, "data.validation_split", "Hold out fewer"),
        ({"data": {"train_size": 1438}}, "data.train_size", "at most 1437"),
        ({"schedule": {"batch_size": 1438}}, "schedule.batch_size", "at most 1437"),
        ({"data": {"train_size": 100}, "schedule": {"batch_size": 128}}, "schedule.batch_size", "at most 100"),
    ],
)
def test_too_few_images_are_refused(config: dict[str, Any], field: str, cure: str) -> None:
    experiment: Experiment = read(config)
    for refuses in (lambda: load(experiment, Path("nowhere"), quiet), lambda: check(experiment, Path("nowhere"))):
        with pytest.raises(Refused) as refused:
            refuses()
        assert refused.value.problems[0].field == field
        assert cure in refused.value.problems[0].cure


def test_progress_is_told_at_a_pace_but_always_when_complete() -> None:
    said: list[float | None] = []
    tell = paced(lambda _message, fraction: said.append(fraction), interval=60)
    for fraction in (0.0, 0.5, None, 1.0, 0.2, 1.0):
        tell("message", fraction)
    assert said == [0.0, 1.0, 1.0]
