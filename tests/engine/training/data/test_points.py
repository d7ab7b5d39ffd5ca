"""Points in the plane are those of scikit-learn, and what a network answers there is what it answers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import make_circles, make_moons

from engine.catalogue import DATASETS
from engine.errors import Refused
from engine.experiment.schema import Experiment, read
from engine.experiment.validate import check
from engine.runs.run import Run
from engine.training.data import ImageSet, InMemoryEvaluation, Splits, load
from engine.training.data.sets.points import TURNS
from engine.training.probes.decision import SIDE, decision, points
from tests.engine.conftest import MakeLearner
from tests.engine.runs.test_lineage import training

PLANE = [name for name, row in DATASETS.items() if row.is_plane]


def experiment(name: str, **data: object) -> Experiment:
    return read({"data": {"name": name, **data}, "model": {"name": "mlp"}})


def loaded(name: str, **data: object) -> Splits:
    return load(experiment(name, **data), Path("nowhere"), lambda _message, _fraction: None)


def everything(name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """All places as a network sees them, (n, 2), and their classes."""
    splits = loaded(name)
    assert isinstance(splits.train, ImageSet)
    assert isinstance(splits.test, ImageSet)
    images = torch.cat([splits.train.images, splits.test.images]).flatten(1).double()
    return ((images / 255 - 0.5) * 6).numpy(), torch.cat([splits.train.labels, splits.test.labels]).numpy()


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("moons", make_moons(800, noise=0.2, random_state=0)),
        ("circles", make_circles(800, noise=0.1, factor=0.5, random_state=0)),
    ],
)
def test_they_are_those_of_scikit_learn(name: str, made: tuple[NDArray[np.float64], NDArray[np.int64]]) -> None:
    places, classes = made
    scaled = (places - places.mean(0)) / places.std(0)
    found, names = everything(name)
    nearest = ((found[:, None] - scaled.clip(-3, 3)[None]) ** 2).sum(2)
    assert np.sqrt(nearest.min(1)).max() < 6 / 255, "each is one of scikit-learn's, to a step of what is stored"
    assert (names == classes[nearest.argmin(1)]).mean() > 0.99, "of the same class, but where two are at the same place"
    assert np.sqrt(nearest.min(0)).max() < 6 / 255, "and none is missing"


def test_the_spirals_are_two_and_wound() -> None:
    places, classes = everything("spirals")
    by_class = [places[classes == label] for label in (0, 1)]
    assert [len(one) for one in by_class] == [400, 400]
    turned = np.abs(by_class[0].mean(0) + by_class[1].mean(0))
    assert (turned < 0.1).all(), "one is the other, turned by half a turn"
    nearest = np.array([np.argsort(((places - place) ** 2).sum(1))[1] for place in places])
    assert (classes[nearest] == classes).mean() > 0.95
    straight = np.linalg.lstsq(np.column_stack([places, np.ones(len(places))]), classes, rcond=None)[0]
    answered = np.column_stack([places, np.ones(len(places))]) @ straight > 0.5
    assert (answered == classes).mean() < 0.8, "no straight line parts them"
    assert TURNS > 1


@pytest.mark.parametrize("name", PLANE)
def test_the_catalogue_row_is_true(name: str) -> None:
    splits, row = loaded(name), DATASETS[name]
    assert isinstance(splits.train, ImageSet)
    assert (len(splits.train.labels), tuple(splits.train.images.shape[1:])) == (row.train_images, row.shape)
    assert len(splits.test.labels) == row.train_images
    places, _ = everything(name)
    assert np.abs(places.mean(0)).max() < 0.05
    assert np.abs(places.std(0) - 1).max() < 0.05
    other = load(read({"data": {"name": name}, "model": {"name": "mlp"}, "seed": 5}), Path("nowhere"), lambda *_: None)
    assert isinstance(other.train, ImageSet)
    assert torch.equal(splits.train.images, other.train.images)


@pytest.mark.parametrize("done", [{"crop_padding": 1}, {"cutout": 1}, {"augmentation": "randaugment"}])
def test_they_are_not_varied_like_pictures(done: dict[str, object]) -> None:
    with pytest.raises(Refused, match="are points") as refused:
        check(experiment("moons", **done), Path("nowhere"))
    assert refused.value.problems[0].field == f"data.{next(iter(done))}"
    with pytest.raises(Refused, match="These fit: mlp"):
        check(read({"data": {"name": "moons"}, "model": {"name": "resnet18"}}), Path("nowhere"))


def test_the_boundary_is_what_the_network_answers(make_learner: MakeLearner) -> None:
    learner = make_learner(data={"name": "moons"}, model={"name": "mlp"})
    found = decision(learner.model)
    axis = np.linspace(-3, 3, SIDE)
    assert np.allclose(found["plane"], axis, atol=1e-6)
    for row, column in ((0, 0), (3, 30), (40, 7)):
        place = torch.tensor([axis[column], axis[row]], dtype=torch.float32).view(1, 2, 1, 1)
        expected = learner.model.module(place).softmax(1)[0, 1].item()
        assert found["decision"][row, column] == pytest.approx(expected, abs=1e-6)


def test_points_are_where_the_network_sees_them() -> None:
    splits = loaded("circles", label_noise=0.5)
    assert isinstance(splits.train, ImageSet)
    found = points(InMemoryEvaluation(splits.train, experiment("circles"), torch.device("cpu")))
    places = ((splits.train.images.flatten(1).double() / 255 - 0.5) * 6).numpy()
    assert np.allclose(np.column_stack([found["x"], found["y"]]), places, atol=1e-5)
    assert found["label"].tolist() == splits.train.labels.tolist()


def test_a_run_keeps_its_points_and_the_boundary_with_every_landscape(tmp_path: Path) -> None:
    config = {"schedule": {"epochs": 1, "batch_size": 40}, "landscape": {"resolution": 7, "images": 16}}
    run = Run.create(tmp_path, read({"data": {"name": "moons"}, "model": {"name": "mlp"}, **config}))
    with training(run) as made:
        made.run_to_end()
        answered = decision(made.learner.model)["decision"]
    with np.load(run.path / "arrays" / "points-00000000.npz") as kept:
        assert len(kept["x"]) == 400
    with np.load(run.path / "arrays" / "landscape-00000010.npz") as landscape:
        assert np.allclose(landscape["decision"], answered, atol=1e-5)
