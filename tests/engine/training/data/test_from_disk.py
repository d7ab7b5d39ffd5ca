"""Sets that stay in their files: what is read, in which order, by whom, and what is done about broken files."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from engine.errors import Problem, Refused
from engine.experiment import validate
from engine.experiment.schema import Experiment, read
from engine.launch import engine_process
from engine.runs.export import export
from engine.runs.run import Run
from engine.runs.status import Status
from engine.training import models
from engine.training.data import Batch, Sources, load
from engine.training.data.types import FileSet
from engine.training.probes import EVALUATION
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel

CPU = torch.device("cpu")
SIDE = 32
CLASSES = ("bird", "cat")
TRAIN, VAL = 12, 3
"""Images of each class."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Twelve pictures of each class to learn from and three to test; the blue of a picture is its number."""
    for part, count in (("train", TRAIN), ("val", VAL)):
        for label, name in enumerate(CLASSES):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(count):
                gradient = np.mgrid[0:60, 0:50].transpose(1, 2, 0) * 4
                blue = np.full((60, 50, 1), 10 * (number + count * label))
                Image.fromarray(np.concatenate([gradient, blue], 2).astype(np.uint8)).save(
                    tmp_path / part / name / f"{number:02}.png"
                )
    return tmp_path


@pytest.fixture
def supplies() -> Iterator[list[Sources]]:
    opened: list[Sources] = []
    yield opened
    for supply in opened:
        supply.training.close()


def experiment(root: Path, seed: int = 0, **options: Any) -> Experiment:
    data = {"name": "imagenet", "path": str(root), "image_size": SIDE, "workers": 0, **options}
    return read({"seed": seed, "data": data, "schedule": {"batch_size": 4}, "method": {"name": "sgd"}, "model": {"name": "mlp"}})


def supply(root: Path, seed: int = 0, told: Any = None, **options: Any) -> Sources:
    chosen = experiment(root, seed, **options)
    splits = load(chosen, Path("nowhere"), lambda _message, _fraction: None)
    return Sources.of(splits, chosen, CPU, told or (lambda *_: pytest.fail("there is nothing wrong")))


def pixels(images: torch.Tensor) -> torch.Tensor:
    mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
    return (images * std[:, None, None] + mean[:, None, None]) * 255


def numbers(batch: Batch) -> list[int]:
    """Which pictures are in a batch."""
    return (pixels(batch.images)[:, 2].mean((1, 2)) / 10).round().int().tolist()


def equal(one: Batch, other: Batch) -> bool:
    return torch.equal(one.images, other.images) and torch.equal(one.labels, other.labels) and one.seed() == other.seed()


def test_an_epoch_shows_every_picture_once_with_its_label(root: Path) -> None:
    training = supply(root).training
    assert training.batch_schedule.steps(1) == 6
    batches = [training.batch(0, 6 + step) for step in range(6)]
    assert sorted(number for batch in batches for number in numbers(batch)) == list(range(24))
    for batch in batches:
        assert batch.images.shape == (4, 3, SIDE, SIDE)
        assert batch.labels.tolist() == [number // TRAIN for number in numbers(batch)]


@pytest.mark.parametrize("options", [{}, {"augmentation": "randaugment"}, {"mixup": 0.5, "crop_padding": 2, "cutout": 8}])
def test_a_batch_is_a_function_of_seed_stream_and_step(root: Path, options: dict[str, Any]) -> None:
    before = torch.get_rng_state()
    used = supply(root, **options).training
    asked = [used.batch(stream, step) for stream, step in ((0, 0), (0, 1), (1, 0), (0, 1), (0, 9), (0, 2))]
    fresh = [
        supply(root, **options).training.batch(stream, step) for stream, step in ((0, 0), (0, 1), (1, 0), (0, 1), (0, 9), (0, 2))
    ]
    assert all(equal(one, other) for one, other in zip(asked, fresh, strict=True))
    assert not equal(asked[0], asked[2])
    assert not equal(asked[0], supply(root, seed=1, **options).training.batch(0, 0))
    assert torch.equal(before, torch.get_rng_state())


def test_what_was_read_ahead_for_another_batch_size_is_dropped(root: Path, supplies: list[Sources]) -> None:
    alone, helped = supply(root), supply(root, workers=2)
    supplies.append(helped)
    for each in (alone, helped):
        each.training.batch(0, 0)
        each.training.follow(each.training.batch_schedule.with_size(1, 7))
    for step in (1, 2, 3, 4):
        assert len(helped.training.batch(0, step).labels) == 7
        assert equal(helped.training.batch(0, step), alone.training.batch(0, step))


def test_processes_read_what_the_training_itself_would(root: Path, supplies: list[Sources]) -> None:
    alone, helped = supply(root, augmentation="randaugment"), supply(root, augmentation="randaugment", workers=2)
    supplies.append(helped)
    for stream, step in ((0, 3), (1, 3), (0, 4), (1, 4), (0, 5), (0, 6), (0, 7)):
        assert equal(helped.training.batch(stream, step), alone.training.batch(stream, step))
    assert all(equal(a, b) for a, b in zip(helped.test.batches(), alone.test.batches(), strict=True))


def test_crops_differ_in_place_size_and_direction(root: Path) -> None:
    training = supply(root).training
    images = torch.cat([pixels(training.batch(0, step).images) for step in range(24)])
    heights, widths = (
        (images[:, 0].amax((1, 2)) - images[:, 0].amin((1, 2))),
        (images[:, 1].amax((1, 2)) - images[:, 1].amin((1, 2))),
    )
    areas = heights * widths / (59 * 4 * 49 * 4)
    assert 0.03 < areas.min() < 0.25
    assert 0.75 < areas.max() <= 1.01
    assert all(len(set(part.tolist())) > 1 for part in areas.split(4))
    mirrored = images[:, 1, :, 0] > images[:, 1, :, -1]
    assert mirrored.all(1).float().mean() == pytest.approx(0.5, abs=0.15)
    still = supply(root, flip=False).training.batch(0, 0).images
    assert (still[:, 1, :, 0] < still[:, 1, :, -1]).all()


def test_test_images_are_the_middle_of_each_in_order(root: Path) -> None:
    (batch,) = supply(root).test.batches()
    assert batch.labels.tolist() == [0] * VAL + [1] * VAL
    assert numbers(batch) == list(range(2 * VAL))
    usual = v2.Compose([v2.Resize(SIDE * 256 // 224), v2.CenterCrop(SIDE), v2.PILToTensor()])
    expected = usual(Image.open(root / "val/cat/01.png"))
    torch.testing.assert_close(pixels(batch.images[4]), expected.float(), atol=1e-2, rtol=0)


def test_a_limit_takes_the_same_training_images_every_time(root: Path) -> None:
    plain = supply(root).plain
    found = [[number for batch in plain.batches(limit=7) for number in numbers(batch)] for _ in range(2)]
    assert found[0] == found[1] == sorted(set(found[0]))
    assert len(found[0]) == 7


def test_fewer_images_and_noisy_labels(root: Path) -> None:
    training = supply(root, train_size=8, label_noise=1.0).training
    batches = [training.batch(0, step) for step in range(training.batch_schedule.steps(1))]
    assert len({number for batch in batches for number in numbers(batch)}) == 8
    assert any(batch.labels.tolist() != [number // TRAIN for number in numbers(batch)] for batch in batches)


def test_held_out_images_are_the_middle_of_each(root: Path) -> None:
    validate.check(experiment(root, validation_split=0.25), root)
    sources = supply(root, validation_split=0.25, label_noise=1.0)
    (batch,) = sources.test.batches()
    assert batch.labels.tolist() == [number // TRAIN for number in numbers(batch)]
    assert batch.labels.bincount().tolist() == [TRAIN // 4, TRAIN // 4]
    learned = {number for plain in sources.plain.batches() for number in numbers(plain)}
    assert learned == set(range(2 * TRAIN)) - set(numbers(batch))


def break_two(root: Path, part: str) -> dict[str, str]:
    """Put a truncated JPEG beside the pictures and a text in the place of one; what is to be told of each."""
    folder = root / part / "bird"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(whole := folder / "00.jpg")
    whole.write_bytes(whole.read_bytes()[:2000])
    (folder / "01.png").write_text("no picture")
    return {str(whole): "truncated", str(folder / "01.png"): "cannot identify"}


def test_broken_training_images_are_named_once_and_the_next_stands_for_them(root: Path) -> None:
    broken = break_two(root, "train")
    told: list[tuple[str, str, int]] = []
    training = supply(root, told=lambda *what: told.append(what)).training
    seen = [number for step in range(18) for number in numbers(training.batch(0, step))]
    assert len(seen) == 72
    assert set(seen) == set(range(24)) - {1}
    assert {file: count for file, _, count in told} == {file: i + 1 for i, (file, _, _) in enumerate(told)}
    assert {file for file, _, _ in told} == broken.keys()
    assert all(broken[file] in reason for file, reason, _ in told)


def test_broken_test_images_are_named_and_left_out(root: Path) -> None:
    broken = break_two(root, "val")
    told: list[str] = []
    (batch,) = supply(root, told=lambda file, _reason, _count: told.append(file)).test.batches()
    assert numbers(batch) == [0, 2, 3, 4, 5]
    assert batch.labels.tolist() == [0, 0, 1, 1, 1]
    assert told == list(broken)


def test_an_evaluation_is_the_mean_over_what_could_be_read(root: Path) -> None:
    break_two(root, "val")
    streamed, chosen = supply(root, told=lambda *_: None), experiment(root)
    learner = Learner(chosen, FlatModel(models.build(chosen, (3, SIDE, SIDE), 2, 0), CPU), streamed.training)
    *_, last = EVALUATION.measure(learner, streamed)
    found = last.scalars
    (batch,) = streamed.test.batches()
    loss = torch.nn.functional.cross_entropy(learner.model.module(batch.images), batch.labels)
    assert found["test/loss"] == pytest.approx(loss.detach().item(), rel=1e-5)


def test_a_picture_that_is_gone_is_left_out(root: Path) -> None:
    told: list[str] = []
    test = supply(root, told=lambda file, _reason, _count: told.append(file)).test
    (root / "val/cat/02.png").unlink()
    assert sum(len(batch.labels) for batch in test.batches()) == 5
    assert told == [str(root / "val/cat/02.png")]


@pytest.mark.parametrize("limit", [2000, 1400])
def test_a_decompression_bomb_is_left_out(root: Path, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """PIL warns above its limit and fails above twice of it."""
    for path in (root / "val").rglob("*.png"):
        Image.new("RGB", (30, 30)).save(path)
    Image.new("RGB", (60, 50)).save(root / "val/cat/01.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    told: list[tuple[str, str]] = []
    test = supply(root, told=lambda file, reason, _count: told.append((file, reason))).test
    assert sum(len(batch.labels) for batch in test.batches()) == 5
    assert told[0][0] == str(root / "val/cat/01.png")
    assert "decompression bomb" in told[0][1]


@pytest.mark.parametrize("part", ["train", "val"])
def test_nothing_but_broken_images_is_refused(root: Path, part: str) -> None:
    for path in (root / part).rglob("*.png"):
        path.write_text("no picture")
    broken = supply(root, told=lambda *_: None)
    with pytest.raises(Refused) as refused:
        broken.training.batch(0, 0) if part == "train" else list(broken.test.batches())
    (problem,) = refused.value.problems
    assert problem.field == "data.path"
    assert f"{root}/{part}" in problem.what
    assert "broken" in problem.cure


def refusal(root: Path, **options: Any) -> Problem:
    with pytest.raises(Refused) as refused:
        validate.check(experiment(root, **options), Path("nowhere"))
    return refused.value.problems[0]


def test_a_class_missing_in_val_is_refused_before_the_start(root: Path) -> None:
    (root / "train/dog").mkdir()
    problem = refusal(root)
    assert problem.field == "data.path"
    assert problem.what == "class 'dog' is in train/ and not in val/"
    assert f"{root}/val/dog" in problem.cure
    (root / "train/emu").mkdir()
    assert refusal(root).what == "class 'dog' is in train/ and not in val/, as with 1 more"


def test_a_class_without_images_is_refused(root: Path) -> None:
    for part in ("train", "val"):
        (root / part / "dog").mkdir()
    with pytest.raises(Refused, match="train/dog has no readable image in it"):
        supply(root)


def test_a_folder_that_is_none_is_refused_before_the_start(root: Path) -> None:
    assert "is not a folder" in refusal(root / "absent").what
    assert "has no train/" in refusal(root / "train").what


def test_a_model_that_does_not_fit_is_refused_with_those_that_do(root: Path) -> None:
    assert "resnet18-224" in refusal(root, image_size=224).cure
    assert "mlp" not in refusal(root, image_size=224).cure


def descendants() -> set[int]:
    """Reading processes: the children of the server from which they are forked."""
    return {child.pid for child in psutil.Process().children(recursive=True) if child.parent().pid != os.getpid()}


def test_the_processes_end_when_the_training_does(root: Path) -> None:
    before = descendants()
    streamed = supply(root, workers=2)
    streamed.training.batch(0, 0)
    streamed.training.batch(1, 0)
    assert len(descendants() - before) >= 2
    list(streamed.test.batches())
    streamed.training.close()
    deadline = time.monotonic() + 120
    while descendants() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert descendants() <= before


def test_batches_are_read_ahead_and_the_wait_is_measured(root: Path, supplies: list[Sources]) -> None:
    streamed = supply(root, workers=1)
    supplies.append(streamed)
    streamed.training.batch(0, 0)
    first = streamed.training.seconds_waited()
    waits = []
    for step in (1, 2, 3):
        time.sleep(0.5)
        streamed.training.batch(0, step)
        waits.append(streamed.training.seconds_waited())
    assert 0 < min(waits) < first / 2
    assert streamed.training.seconds_waited() == 0


def test_a_dead_process_is_told_with_a_cure(root: Path, supplies: list[Sources]) -> None:
    before = descendants()
    streamed = supply(root, workers=1)
    supplies.append(streamed)
    streamed.training.batch(0, 0)
    for pid in descendants() - before:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(Refused) as refused:
        [streamed.training.batch(0, step) for step in range(1, 20)]
    assert refused.value.problems[0].field == "data.workers"
    assert "fewer workers" in refused.value.problems[0].cure


def test_a_training_goes_on_exactly_where_it_was(root: Path) -> None:
    def learner() -> Learner:
        chosen = experiment(root)
        return Learner(chosen, FlatModel(models.build(chosen, (3, SIDE, SIDE), 2, 0), CPU), supply(root).training)

    whole, first, second = learner(), learner(), learner()
    for _ in range(9):
        whole.take_step()
    for _ in range(4):
        first.take_step()
    second.load_state_dict(first.state_dict())
    for _ in range(5):
        second.take_step()
    assert torch.equal(whole.model.weights, second.model.weights)


def test_names_need_not_be_text(root: Path) -> None:
    odd = os.fsencode(root / "val/cat") + b"/\xff\xe4.png"
    Image.new("RGB", (40, 40)).save(root / "val/cat/99.png")
    (root / "val/cat/99.png").rename(os.fsdecode(odd))
    assert sum(len(batch.labels) for batch in supply(root).test.batches()) == 7


def test_a_list_of_files_is_small_and_can_be_cut(root: Path) -> None:
    splits = load(experiment(root), Path("nowhere"), lambda _message, _fraction: None)
    assert isinstance(splits.train, FileSet)
    assert splits.train.names.dtype == np.dtype("S11")
    part = splits.train.take(torch.tensor([13, 2]))
    assert part.path(0) == root / "train/cat/01.png"
    assert part.labels.tolist() == [1, 0]


def session(rank_zero: int) -> list[int]:
    """The living processes that were started by an engine or by what it started."""
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(OSError):
            found += [pid] if os.getsid(pid) == rank_zero else []
    return found


def wait(run: Run, until: Callable[[Status], bool]) -> Status:
    end = time.monotonic() + 120
    while not until(status := run.status()):
        assert time.monotonic() < end, f"{status}\n{(run.path / 'engine.log').read_text()}"
        time.sleep(0.05)
    return status


def weights(run: Run) -> torch.Tensor:
    newest = max((run.path / "checkpoints").glob("*.pt"))
    return torch.load(newest, weights_only=True)["loop"]["weights"]


@pytest.mark.slow
def test_a_killed_engine_leaves_no_process_and_goes_on_as_if_nothing_had_happened(root: Path, tmp_path: Path) -> None:
    broken = break_two(root, "train")
    config = experiment(root, workers=1).model_dump()
    config |= {"method": {"name": "m-rwp"}, "landscape": {"at_end": False}, "runtime": {"evaluate_every": 10}}
    config["schedule"] = {"epochs": 20, "batch_size": 8}
    killed, undisturbed = (Run.create(tmp_path / "runs", read(config)) for _ in range(2))
    engine_process.start(killed, tmp_path)
    status = wait(killed, lambda status: status.state == "running" and status.step > 10)
    os.kill(status.pid, signal.SIGKILL)
    end = time.monotonic() + 120
    while session(status.pid):
        assert time.monotonic() < end
        time.sleep(0.1)
    for run in (killed, undisturbed):
        engine_process.start(run, tmp_path)
        assert wait(run, lambda status: status.state in ("finished", "failed")).state == "finished"
    assert torch.equal(weights(killed), weights(undisturbed))
    metrics = export(undisturbed)["metrics"]
    assert all(0 <= share <= 1 for _, share in metrics["train/data_wait"])
    assert len(metrics["train/data_wait"]) == 60
    assert {event.data["file"] for event in undisturbed.records.events() if event.kind == "image left out"} == broken.keys()
    assert export(killed)["metrics"]["test/loss"] == metrics["test/loss"]
