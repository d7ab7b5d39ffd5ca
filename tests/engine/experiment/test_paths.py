"""Paths as people type them."""

import unicodedata
from pathlib import Path

import pytest

from engine.experiment.image_folder import problems
from engine.experiment.paths import located, settled, twin_of
from engine.experiment.schema import read


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two classes in the working directory, which is the home as well."""
    for part in ("train", "val"):
        for name in ("cat", "dog"):
            (tmp_path / "my images" / part / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "my images"


@pytest.mark.parametrize("typed", ["my images", "./my images", "~/my images", "my images/train/.."])
def test_a_path_is_that_of_whoever_typed_it(images: Path, typed: str) -> None:
    found = Path(located(typed))
    assert found.is_absolute()
    assert found.resolve() == images
    assert not problems(found)


def test_an_absolute_path_stays_as_it_is(images: Path) -> None:
    assert (located(str(images)), located("/not/there")) == (str(images), "/not/there")


def test_an_experiment_holds_the_absolute_path(images: Path) -> None:
    config = {"data": {"name": "imagenet", "path": "~/my images"}}
    assert settled(read(config)) == read({"data": {"name": "imagenet", "path": str(images)}})
    assert settled(read({})) == read({})


@pytest.mark.parametrize(
    "typed",
    [
        "my images ",
        " my images",
        "my\u00a0images",
        "\u00a0{home}/my images",
        " {home}/my images",
        "~/my images\u200b",
        " ~/my images",
    ],
)
def test_a_path_that_differs_by_a_blank_from_one_that_is_there_says_so(images: Path, typed: str) -> None:
    (problem,) = problems(Path(located(typed.format(home=images.parent))))
    assert (problem.field, problem.cure) == ("data.path", f"Give {images}")
    assert "differ by a blank" in problem.what


def test_a_letter_written_in_another_way_is_the_same(images: Path) -> None:
    there = images.parent / unicodedata.normalize("NFD", "café")
    there.mkdir()
    assert twin_of(images.parent / "café") == there


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("~nobody-here/x", "there is no user 'nobody-here' on this machine"),
        ("/not/there", "/not/there is not a folder"),
        (f"/{'x' * 300}", "is not a folder"),
        ("x\0y", "is not a folder"),
    ],
)
@pytest.mark.usefixtures("images")
def test_a_path_at_which_nothing_is_says_why(path: str, what: str) -> None:
    (problem,) = problems(Path(located(path)))
    assert problem.field == "data.path"
    assert what in problem.what


def test_a_relative_path_that_an_engine_is_given_is_refused() -> None:
    assert "is relative" in problems(Path("imgs"))[0].what
