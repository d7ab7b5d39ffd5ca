"""Training batches as functions of (seed, stream, step), evaluation batches as they are."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from engine.experiment.schema import read
from engine.training.data import ImageSet, InMemoryEvaluation, InMemoryTraining

CPU = torch.device("cpu")
PLAIN = {"flip": False, "crop_padding": 0, "cutout": 0}


def numbered(count: int = 50) -> ImageSet:
    """Images (N, 1, 8, 8) of one brightness each, labelled with their number."""
    brightness = torch.arange(count, dtype=torch.uint8)[:, None, None, None]
    return ImageSet(brightness.expand(count, 1, 8, 8).clone(), torch.arange(count))


def data(seed: int = 0, images: ImageSet | None = None, **options: object) -> InMemoryTraining:
    experiment = read({"seed": seed, "data": options, "schedule": {"batch_size": 8}})
    return InMemoryTraining(images or numbered(), experiment, CPU)


def test_an_epoch_shows_every_image_once_and_leaves_the_incomplete_batch_out() -> None:
    training = data()
    assert training.batch_schedule.steps(1) == 6
    for epoch in range(3):
        seen = torch.cat([training.batch(0, epoch * 6 + step).labels for step in range(6)])
        assert len(set(seen.tolist())) == 48


def test_a_larger_batch_takes_the_images_that_the_epoch_has_left() -> None:
    training, plain = data(), data()
    order = torch.cat([plain.batch(0, step).labels for step in range(6)])
    training.batch(0, 1)
    training.follow(training.batch_schedule.with_size(2, 13))
    assert torch.equal(torch.cat([training.batch(0, step).labels for step in (0, 1)]), order[:16])
    assert torch.equal(torch.cat([training.batch(0, step).labels for step in (2, 3)]), order[16:42])
    assert len(training.batch(0, 4).labels) == 13
    assert training.batch_schedule.at(4).epoch == 1


def test_images_keep_their_labels_and_are_normalised() -> None:
    batch = data(**PLAIN).batch(0, 3)
    mean, std = 0.3058, 0.3764
    assert batch.labels.dtype == torch.int64
    torch.testing.assert_close(batch.images[:, 0, 0, 0] * std + mean, batch.labels / 255)


def test_batches_differ_between_streams_epochs_and_seeds() -> None:
    orders = [data().batch(0, 0), data().batch(1, 0), data().batch(0, 6), data(seed=1).batch(0, 0)]
    assert len({tuple(batch.labels.tolist()) for batch in orders}) == 4


def test_a_batch_depends_on_nothing_that_was_asked_before() -> None:
    used = data()
    for stream, step in ((0, 0), (1, 4), (0, 13), (0, 2)):
        used.batch(stream, step)
    for stream, step in ((0, 2), (1, 4), (0, 25)):
        asked, fresh = used.batch(stream, step), data().batch(stream, step)
        assert torch.equal(asked.images, fresh.images)
        assert torch.equal(asked.labels, fresh.labels)


def test_the_same_image_is_varied_differently_at_every_step() -> None:
    """Whatever the order, a set of equal images shows the crops alone."""
    source = torch.randint(256, (1, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    same = ImageSet(source.repeat(50, 1, 1, 1), torch.zeros(50, dtype=torch.int64))
    training = data(images=same, crop_padding=4)
    batches = [training.batch(stream, step).images for stream, step in ((0, 0), (0, 1), (0, 6), (1, 0))]
    assert all(not torch.equal(one, other) for i, one in enumerate(batches) for other in batches[:i])


def test_two_threads_may_ask_for_two_streams() -> None:
    alone = [[data().batch(stream, step).images for step in range(40)] for stream in (0, 1)]
    training = data()
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda stream: [training.batch(stream, step).images for step in range(40)], (0, 1)))
    assert all(torch.equal(a, b) for one, two in zip(alone, together, strict=True) for a, b in zip(one, two, strict=True))


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    data().batch(0, 0)
    list(InMemoryEvaluation(numbered(), read({}), CPU).batches(limit=10))
    assert torch.equal(before, torch.get_rng_state())


def test_evaluation_shows_every_image_plainly_and_in_order() -> None:
    evaluation = InMemoryEvaluation(numbered(), read({"data": {"crop_padding": 4}}), CPU)
    batches = list(evaluation.batches(size=20))
    assert evaluation.count == 50
    assert [len(batch.labels) for batch in batches] == [20, 20, 10]
    assert torch.cat([batch.labels for batch in batches]).tolist() == list(range(50))
    pixels = torch.cat([batch.images for batch in batches]) * 0.3764 + 0.3058
    torch.testing.assert_close(pixels, (torch.arange(50) / 255)[:, None, None, None].expand(50, 1, 8, 8))


def limited(seed: int, limit: int) -> list[int]:
    evaluation = InMemoryEvaluation(numbered(), read({"seed": seed}), CPU)
    return torch.cat([batch.labels for batch in evaluation.batches(size=7, limit=limit)]).tolist()


def test_a_limit_takes_the_same_random_images_every_time() -> None:
    chosen = limited(0, 10)
    assert len(set(chosen)) == 10
    assert chosen == limited(0, 10) != list(range(10))
    assert chosen != limited(1, 10)


@pytest.mark.parametrize("limit", [50, 1000])
def test_a_limit_beyond_the_set_is_none(limit: int) -> None:
    assert limited(0, limit) == list(range(50))
