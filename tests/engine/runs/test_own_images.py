"""A run knows its images again, and tells of what it does not use."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import Problem, Refused
from engine.experiment.dataset_info import training_images
from engine.experiment.fingerprint import ClassFiles, Fingerprint, read_fingerprint
from engine.experiment.folder_contents import known_contents
from engine.experiment.schema import read
from engine.runs.archive import pack, unpack
from engine.runs.archive.manifest import most_bytes
from engine.runs.lineage import fork, replay
from engine.runs.run import Run
from engine.training.trainer import failures
from studio.pages.setup import passed_over
from tests.engine.runs.test_lineage import training

COLOURS = {"cat": "red", "dog": "blue"}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Eight pictures of each class to learn from, four to test."""
    root = tmp_path / "images"
    for part, count in (("train", 8), ("val", 4)):
        for name, colour in COLOURS.items():
            (root / part / name).mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (16, 16), colour).save(root / part / name / f"{number}.png")
    return root


def experiment(images: Path, kind: str = "folder") -> dict[str, Any]:
    more = {"workers": 0, "image_size": 32} if kind == "imagenet" else {"image_size": 8}
    return {
        "data": {"name": kind, "path": str(images), **more},
        "model": {"name": "mlp"},
        "method": {"name": "sgd"},
        "schedule": {"epochs": 3, "batch_size": 4},
        "landscape": {"at_end": False},
    }


def begun(runs: Path, images: Path, kind: str = "folder", updates: int = 8) -> Run:
    """A run stopped after so many steps, two epochs of four."""
    run = Run.create(runs, read(experiment(images, kind)))
    with training(run) as made:
        for _ in range(updates):
            made.learner.take_step()
        made._report_length()
        made._save()
    return run


def refused(run: Run) -> Refused:
    with pytest.raises(Refused) as refusal, training(run):
        pass
    return refusal.value


def rename(images: Path) -> None:
    for part in ("train", "val"):
        (images / part / "cat").rename(images / part / "zebra")


def add(images: Path) -> None:
    for part in ("train", "val"):
        shutil.copytree(images / part / "dog", images / part / "ant")


def remove(images: Path) -> None:
    for number in range(3):
        (images / "train/cat" / f"{number}.png").unlink()


def remove_tested(images: Path) -> None:
    (images / "val/dog/0.png").unlink()


def exchange(images: Path) -> None:
    (images / "train/dog/0.png").rename(images / "train/dog/new.png")


def overwrite(images: Path) -> None:
    Image.effect_noise((16, 16), 50).save(images / "train/dog/0.png")


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "class renamed": (rename, "class 'cat' is gone; class 'zebra' is new"),
    "class added": (add, "class 'ant' is new"),
    "images removed": (remove, "train/cat has 5 images and had 8"),
    "test images removed": (remove_tested, "val/dog has 3 images and had 4"),
    "image renamed": (exchange, "train/dog has other images than before, as many as there were"),
    "image overwritten": (overwrite, "train/dog has other images than before"),
}


@pytest.mark.parametrize("kind", ["folder", "imagenet"])
@pytest.mark.parametrize("change", CHANGES)
def test_other_images_are_told_and_not_trained_with(images: Path, tmp_path: Path, change: str, kind: str) -> None:
    run = begun(tmp_path / "runs", images, kind)
    make, words = CHANGES[change]
    make(images)
    (problem,) = refused(run).problems
    assert problem.field == "data.path"
    assert words in problem.what


def test_the_same_images_go_on_wherever_they_lie(images: Path, tmp_path: Path) -> None:
    run = begun(tmp_path / "runs", images)
    shutil.copytree(images, tmp_path / "copy")
    shutil.rmtree(images)
    (tmp_path / "copy").rename(images)
    with training(run) as made:
        made.run_to_end()
        assert made.learner.step == made.learner.steps == 12


@pytest.mark.parametrize("change", ["class renamed", "image renamed", "test images removed"])
def test_going_on_all_the_same_is_a_choice_that_is_recorded(images: Path, tmp_path: Path, change: str) -> None:
    run = begun(tmp_path / "runs", images)
    make, words = CHANGES[change]
    make(images)
    error = refused(run)
    remedy = failures.name(error, run.experiment, run.path).remedy
    run.commands.send("set", changes={"data.accepted": "0" * 16})  # that is not what is there
    assert refused(run).remedy == remedy
    run.commands.send("set", changes=remedy)
    with training(run) as made:
        while run.commands.pending():
            made.control.look()
        made.run_to_end()
    assert run.present.data.model_dump()["accepted"] == remedy["data.accepted"]
    (event,) = (event for event in run.records.events() if event.kind == "other images")
    assert words in event.data["what"]
    with training(run):
        pass  # the choice holds
    (images / "train/dog/more.png").write_bytes((images / "train/dog/1.png").read_bytes())
    assert "train/dog has 9 images and had 8" in refused(run).problems[0].what


def test_more_or_fewer_classes_cannot_be_meant(images: Path, tmp_path: Path) -> None:
    run = begun(tmp_path / "runs", images)
    add(images)
    error = refused(run)
    assert error.remedy == {}
    assert "start a new run" in error.problems[0].cure


def test_fewer_images_that_make_the_training_shorter_than_it_is_are_refused(images: Path, tmp_path: Path) -> None:
    run = begun(tmp_path / "runs", images, updates=11)
    for name in COLOURS:
        for number in range(4):
            (images / "train" / name / f"{number}.png").unlink()
    run.commands.send("set", changes=refused(run).remedy)
    assert "ends with step 6, and 11 are taken" in refused(run).problems[0].what


def test_a_fork_and_a_replay_know_the_images_too(images: Path, tmp_path: Path) -> None:
    run = begun(tmp_path / "runs", images)
    made = [*fork(run, 8, ["rwp"]), replay(run)]
    rename(images)
    for one in made:
        assert "class 'zebra' is new" in refused(one).problems[0].what


def test_an_import_is_bound_to_its_classes_and_knows_its_images(images: Path, tmp_path: Path) -> None:
    run = begun(tmp_path / "runs", images)
    archive = tmp_path / "run.zip"
    archive.write_bytes(b"".join(pack(run)))
    other = shutil.copytree(images, tmp_path / "other")
    remove(other)
    taken = unpack(archive, tmp_path / "elsewhere", str(other))
    assert "train/cat has 5 images and had 8" in refused(fork(taken, 8)[0]).problems[0].what
    rename(other)
    with pytest.raises(Refused, match="class 'zebra' is new"):
        unpack(archive, tmp_path / "elsewhere", str(other))


def test_an_archive_holds_the_list_of_as_many_classes_as_there_are_in_imagenet_21k() -> None:
    classes = {f"n{number:08}": ClassFiles(images=1000, digest="0" * 16) for number in range(22_000)}
    content = Fingerprint(train=classes, val=classes).model_dump_json()
    assert len(content) < (most_bytes("data.json") or 0)


def test_a_run_that_kept_nothing_goes_on_and_keeps_it_then(images: Path, tmp_path: Path) -> None:
    run = begun(tmp_path / "runs", images)
    (run.path / "data.json").unlink()
    remove_tested(images)
    with training(run):
        pass
    exchange(images)
    assert "train/dog has other images" in refused(run).problems[0].what


@pytest.mark.parametrize("content", ["{", "[]", '{"train": {"cat": 3}, "val": {}}', '{"train": {}, "val": {}, "more": 1}'])
def test_a_list_of_images_that_is_none_is_named(images: Path, tmp_path: Path, content: str) -> None:
    run = begun(tmp_path / "runs", images)
    (run.path / "data.json").write_text(content)
    assert refused(run).problems[0].field == "data.json"


def litter(images: Path) -> None:
    """One of everything that is no image of a class."""
    cats = images / "train/cat"
    (cats / "0.png").rename(images.parent / "elsewhere.png")
    (cats / "0.png").symlink_to(images.parent / "elsewhere.png")
    (cats / "1.png").rename(cats / "1.tif")
    (cats / "2.png").rename(cats / "2.JFIF")
    (cats / "more").mkdir()
    (cats / "nothing.png").symlink_to(cats / "absent.png")
    (cats / "README").write_text("cats")
    (cats / "._3.png").write_bytes(b"")
    os.mkfifo(cats / "pipe.png")
    (images / "train/loose.png").write_bytes((cats / "3.png").read_bytes())
    (images / "val/horse").symlink_to(images.parent)
    (cats / os.fsdecode(b"caf\xe9.txt")).touch()


REASONS = {
    "a link that leads out of the folder": ["train/cat/0.png", "val/horse"],
    ".tif is not read": ["train/cat/1.tif"],
    ".jfif is not read": ["train/cat/2.JFIF"],
    "a folder within that of a class": ["train/cat/more"],
    "a link to nothing": ["train/cat/nothing.png"],
    "its name has no ending": ["train/cat/README"],
    "hidden": ["train/cat/._3.png"],
    "no ordinary file": ["train/cat/pipe.png"],
    "outside of the folders of classes": ["train/loose.png"],
    ".txt is not read": ["train/cat/caf\\udce9.txt"],
}


@pytest.mark.parametrize("kind", ["folder", "imagenet"])
def test_what_is_passed_over_is_counted_and_named(images: Path, tmp_path: Path, kind: str) -> None:
    litter(images)
    (images / "train/dog/7.png").write_bytes(b"broken")
    run = Run.create(tmp_path / "runs", read(experiment(images, kind)))
    with training(run) as made:
        made.run_to_end()
    events = run.records.events()
    told = {event.data["reason"]: event.data["first"] for event in events if event.kind == "passed over"}
    assert told == REASONS
    assert [event.data["file"] for event in events if event.kind == "image left out"] == [f"{images}/train/dog/7.png"]
    shown = passed_over(run.experiment)
    assert all(name in shown for names in REASONS.values() for name in names)


def test_a_class_whose_name_is_no_text_is_known_again(images: Path, tmp_path: Path) -> None:
    for part in ("train", "val"):
        (images / part / "dog").rename(images / part / "d\udcf6g")
    run = begun(tmp_path / "runs", images)
    assert list(read_fingerprint(run.read("data.json")).train) == ["cat", "d\\udcf6g"]
    with training(run) as made:
        made.run_to_end()
    assert [event for event in run.records.events() if event.kind == "other images"] == []


def test_what_is_known_of_a_folder_follows_its_changes(images: Path) -> None:
    data = read(experiment(images)).data
    assert training_images(data) == 16
    remove(images)
    assert training_images(data) == 13
    add(images)
    assert training_images(data) == 21
    (images / "val/cat/notes.txt").write_text("")
    assert [one.reason for one in known_contents(images).passed_over] == [".txt is not read"]
    (images / "val/cat/notes.txt").unlink()
    assert known_contents(images).passed_over == ()


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_class_folder_that_is_a_link_is_told_to_be_one(images: Path, tmp_path: Path, part: str) -> None:
    (images / part / "cat").rename(tmp_path / "cat")
    (images / part / "cat").symlink_to(tmp_path / "cat")
    with pytest.raises(Refused) as refusal, training(Run.create(tmp_path / "runs", read(experiment(images)))):
        pass
    (problem,) = refusal.value.problems
    assert isinstance(problem, Problem)
    assert f"{images / part / 'cat'} is there, but is passed over: a link that leads out of the folder" in problem.cure
