"""What is refused before a process is started: models and data that do not fit."""

from pathlib import Path
from typing import Any

import pytest

from engine.catalogue import DATASETS, MODELS
from engine.errors import Problem, Refused
from engine.experiment import validate
from engine.experiment.schema import read


def problems(folder: Path, model: str, **data: Any) -> list[Problem]:
    try:
        validate.check(read({"model": {"name": model}, "data": data}), folder)
    except Refused as refused:
        return list(refused.problems)
    return []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of images, without the images."""
    for part in ("train", "val"):
        for name in ("bird", "cat"):
            (tmp_path / part / name).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if row.classes])
@pytest.mark.parametrize("model", MODELS)
def test_a_model_fits_or_those_that_do_are_named(tmp_path: Path, model: str, name: str) -> None:
    fitting = [row.name for row in MODELS.values() if row.accepts(DATASETS[name].shape)]
    found = problems(tmp_path, model, name=name)
    if model in fitting:
        assert not found
    else:
        (problem,) = found
        assert problem.field == "model.name"
        assert problem.cure == f"These fit: {', '.join(fitting)}"


def test_a_model_for_224_pixels_does_not_take_digits(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "resnet50-224", name="digits")
    assert problem.what == "resnet50-224 takes images of 64 to 512 pixels, these have 8×8"
    assert "resnet18," in problem.cure
    assert "224" not in problem.cure


@pytest.mark.parametrize(
    ("kind", "side", "model", "fits"),
    [
        ("folder", 32, "vit-s", True),
        ("folder", 30, "vit-s", False),
        ("folder", 16, "vgg16-bn", False),
        ("folder", 224, "resnet18", False),
        ("folder", 224, "vit-s32-224", True),
        ("imagenet", 224, "vit-s32-224", True),
        ("imagenet", 200, "vit-s32-224", False),
        ("imagenet", 64, "wrn-28-10", True),
        ("imagenet", 224, "mlp", False),
    ],
)
def test_the_size_of_ones_own_images_counts(root: Path, kind: str, side: int, model: str, fits: bool) -> None:
    found = problems(root, model, name=kind, path=str(root), image_size=side)
    assert not found if fits else (found[0].field == "model.name" and found[0].cure.startswith("These fit: "))


def test_sides_that_have_to_be_multiples_say_so(root: Path) -> None:
    (problem,) = problems(root, "vit-s", name="folder", path=str(root), image_size=30)
    assert "8 to 64 pixels in multiples of 4, these have 30×30" in problem.what


@pytest.mark.parametrize(
    ("method", "optimizer", "fields"),
    [
        ("msam", {"momentum": 0.0}, ["optimizer.momentum"]),
        ("msam", {"momentum": 0.5}, []),
        ("msam", {"name": "adam"}, []),
        ("sampa", {"momentum": 0.0}, []),
    ],
)
def test_a_perturbation_along_the_momentum_needs_one(method: str, optimizer: dict[str, Any], fields: list[str]) -> None:
    found = validate.sizes(read({"method": {"name": method}, "optimizer": optimizer}))
    assert [problem.field for problem in found] == fields
