"""Folders of one's own images, good and bad."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import Problem, Refused
from engine.experiment.schema import read
from engine.training.data import Splits, load

COLOURS = {"blue": (0, 0, 255), "red": (255, 0, 0)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four red and four blue pictures of 40×30 pixels to learn from, two of each to test."""
    for part, count in (("train", 4), ("val", 2)):
        for name, colour in COLOURS.items():
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (40, 30), colour).save(tmp_path / part / name / f"{number}.png")
    return tmp_path


def loaded(root: Path, messages: Any, **options: Any) -> Splits:
    data = {"name": "folder", "path": str(root), "image_size": 8, **options}
    return load(read({"data": data, "schedule": {"batch_size": 2}}), Path("nowhere"), messages)


def refusal(root: Path, messages: Any, **options: Any) -> Problem:
    with pytest.raises(Refused) as refused:
        loaded(root, messages, **options)
    return refused.value.problems[0]


def test_images_are_sorted_into_the_classes_of_their_folders(root: Path, messages: Any) -> None:
    splits = loaded(root, messages)
    assert splits.classes == ("blue", "red")
    assert splits.train.images.shape == (8, 3, 8, 8)
    assert splits.train.images.dtype == torch.uint8
    assert splits.train.labels.tolist() == [0] * 4 + [1] * 4
    assert splits.test.labels.tolist() == [0] * 2 + [1] * 2
    for image, label in zip(splits.train.images, splits.train.labels.tolist(), strict=True):
        assert tuple(image[:, 3, 3].tolist()) == COLOURS[splits.classes[label]]
    assert messages.said[-1] == ("Read 4 images from val/", 1.0)


def test_the_middle_square_is_shrunk_to_the_asked_size(root: Path, messages: Any) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    Image.fromarray(pixels).save(root / "train/blue/0.png")
    middle = Image.fromarray(pixels).resize((25, 15), Image.Resampling.BILINEAR).crop((5, 0, 20, 15))
    found = loaded(root, messages, image_size=15).train.images[0]
    assert torch.equal(found, torch.from_numpy(np.array(middle)).permute(2, 0, 1))


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "png", "webp", "bmp", "gif", "JPG"])
def test_every_common_format_is_read(root: Path, messages: Any, suffix: str) -> None:
    (root / "train/red/0.png").unlink()
    Image.new("RGB", (40, 30), "red").save(root / f"train/red/0.{suffix}")
    splits = loaded(root, messages)
    assert len(splits.train.labels) == 8
    torch.testing.assert_close(splits.train.images[4, :, 4, 4].int(), torch.tensor(COLOURS["red"]).int(), atol=3, rtol=0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_every_kind_of_pixel_becomes_rgb(root: Path, messages: Any, mode: str) -> None:
    image = Image.new("RGBA", (40, 30), (255, 255, 255, 0)).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.full((30, 40), 65535, np.uint16))
    image.save(root / "train/blue/0.png")
    assert loaded(root, messages).train.images[0].float().mean() == pytest.approx(255, abs=1)


def test_sixteen_bits_keep_their_shades(root: Path, messages: Any) -> None:
    Image.fromarray(np.full((30, 40), 128 * 256, np.uint16)).save(root / "train/blue/0.png")
    assert loaded(root, messages).train.images[0].unique().tolist() == [128]


def test_transparency_is_shown_on_white(root: Path, messages: Any) -> None:
    Image.new("RGBA", (40, 30), (255, 0, 0, 0)).save(root / "train/red/0.png")
    assert loaded(root, messages).train.images[4].unique().tolist() == [255]


def test_a_photograph_is_turned_upright(root: Path, messages: Any) -> None:
    image = Image.new("RGB", (40, 40), "white")
    image.paste("black", (0, 0, 20, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise: what is left comes to the top
    image.save(root / "train/blue/0.png", exif=exif)
    found = loaded(root, messages).train.images[0]
    assert found[:, :3].max() < 10
    assert found[:, 5:].min() > 245


def test_the_first_frame_of_an_animation_counts(root: Path, messages: Any) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(root / "train/red/0.gif", save_all=True, append_images=frames[1:])
    assert loaded(root, messages).train.images[4, :, 4, 4].tolist() == [255, 0, 0]


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_unreadable_images_are_left_out_and_counted(root: Path, messages: Any, content: bytes) -> None:
    (root / "train/blue/1.png").write_bytes(content)
    (root / "train/blue/2.jpg").write_bytes(content)
    splits = loaded(root, messages)
    assert splits.train.labels.tolist() == [0] * 3 + [1] * 4
    assert splits.train.images.shape == (7, 3, 8, 8)
    assert ("Read 7 images from train/", 1.0) in messages.said
    assert [file for file, reason in splits.left_out if reason] == [f"{root}/train/blue/{name}" for name in ("1.png", "2.jpg")]


def test_a_truncated_image_is_left_out(root: Path, messages: Any) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path := root / "train/blue/9.jpg")
    path.write_bytes(path.read_bytes()[:2000])
    assert len(loaded(root, messages).train.labels) == 8


def test_a_class_without_a_readable_image_is_named(root: Path, messages: Any) -> None:
    for path in (root / "val/red").iterdir():
        path.write_bytes(b"no picture")
    problem = refusal(root, messages)
    assert problem.field == "data.path"
    assert problem.what == f"{root}/val/red has no readable image in it"
    assert ".png" in problem.cure


@pytest.mark.parametrize(("part", "other"), [("train", "val"), ("val", "train")])
def test_a_class_on_one_side_only_is_named(root: Path, messages: Any, part: str, other: str) -> None:
    (root / part / "green").mkdir()
    problem = refusal(root, messages)
    assert problem.what == f"class 'green' is in {part}/ and not in {other}/"
    assert f"{root}/{other}/green" in problem.cure


def test_a_single_class_is_refused(root: Path, messages: Any) -> None:
    for part in ("train", "val"):
        for path in (root / part / "red").iterdir():
            path.unlink()
        (root / part / "red").rmdir()
    assert "only one class" in refusal(root, messages).what


def test_a_folder_without_train_is_refused(tmp_path: Path, messages: Any) -> None:
    assert "has no train/" in refusal(tmp_path, messages).what
    assert "is not a folder" in refusal(tmp_path / "absent", messages).what


def test_hidden_files_and_other_files_are_passed_over(root: Path, messages: Any) -> None:
    (root / "train/.cache").mkdir()
    (root / "train/red/._0.png").write_bytes(b"left by a Mac")
    (root / "train/red/notes.txt").write_text("notes")
    assert len(loaded(root, messages).train.labels) == 8
    assert messages.said[-1][0] == "Read 4 images from val/"
    assert not any("could not be read" in message for message, _ in messages.said)


def test_links_out_of_the_folder_are_not_followed(root: Path, messages: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    Image.new("RGB", (40, 30), "green").save(outside / "secret.png")
    (root / "train/red/link.png").symlink_to(outside / "secret.png")
    (root / "train/secrets").symlink_to(outside)
    (root / "train/red/inside.png").symlink_to(root / "train/red/0.png")
    splits = loaded(root, messages)
    assert splits.classes == ("blue", "red")
    assert splits.train.labels.tolist() == [0] * 4 + [1] * 5


def test_a_link_to_the_folder_itself_is_followed(root: Path, messages: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("links") / "images"
    link.symlink_to(root)
    assert len(loaded(link, messages).train.labels) == 8


@pytest.mark.parametrize("limit", [1000, 500])
def test_a_decompression_bomb_is_refused_by_name(root: Path, messages: Any, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """PIL warns above its limit and fails above twice of it: both are refused."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    problem = refusal(root, messages)
    assert f"{root}/train/blue/0.png is too large" in problem.what
    assert problem.cure == "Make it smaller or remove it"


def test_more_images_than_memory_are_refused(root: Path, messages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        available = 12 * 3 * 8 * 8 - 1

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    assert refusal(root, messages).field == "data.image_size"
    Memory.available += 1
    assert len(loaded(root, messages).train.labels) == 8


@pytest.mark.parametrize("part", ["train", "train/red"])
def test_an_unreadable_folder_is_named(root: Path, messages: Any, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, scandir = root / part, os.scandir

    def refuse(path: Path) -> Any:
        return scandir(root / "absent" if path == closed else path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert "cannot be read" in refusal(root, messages).what


def test_a_stop_is_passed_on(root: Path, messages: Any) -> None:
    messages.stop_at = "Reading"
    with pytest.raises(messages.Stop):
        loaded(root, messages)


def test_warnings_of_the_decoder_stay_inside(root: Path, messages: Any) -> None:
    Image.new("RGB", (40, 30)).save(root / "train/blue/9.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x07\0broken")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(loaded(root, messages).train.labels) == 9
    assert caught == []
