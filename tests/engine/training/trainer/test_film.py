"""The film of the landscape takes its share of the time, shows the weights it says it does, and changes no step."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.experiment.live_changes import apply_changes
from engine.experiment.overrides import merge
from engine.experiment.schema import Experiment, read
from engine.runs.reader import Event
from engine.runs.run import Run
from engine.training.probes import EVALUATION
from engine.training.probes.probe import Measured
from engine.training.trainer import film
from tests.engine.runs.test_lineage import CONFIG, training
from tests.engine.training.trainer.test_probe_runner import SMALL, told, update
from tests.processes import SHORT, Launch, is_finished, wait, weights_at_end

POINTS = 7
"""Of a made-up frame."""


class Clock:
    """Stands still but for what is added to it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A frame has seven points of two seconds each and is told after the third and the last."""
    made = Clock()

    def measure(*_: Any) -> Iterator[Measured]:
        for point in range(POINTS):
            made.now += 2.0
            yield Measured(0.0)
            if point in (2, POINTS - 1):
                yield Measured(0.0, arrays={"loss": np.zeros(1)}, facts={"done": point > 2})

    monkeypatch.setattr(film, "time", made)
    monkeypatch.setattr(film.LandscapeFrame, "measure", measure)
    return made


@pytest.fixture
def a_run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, read(merge(CONFIG, SMALL)))


def frames(run: Run) -> list[Event]:
    return told(run, "frame")


@pytest.mark.parametrize("budget", [0.0, 0.05, 0.5])
def test_it_takes_the_share_that_was_asked_for(a_run: Run, clock: Clock, budget: float) -> None:
    with training(a_run) as made:
        made.learner.change(apply_changes(made.experiment, {"landscape.budget": budget}))
        began, stepped = clock.now, 0.0
        for step in range(2000):
            made.learner.step = step
            clock.now += 1.0
            stepped += 1.0
            made._film.go_on()
        took = clock.now - began - stepped
    share = took / (clock.now - began)
    assert 0.75 * budget <= share <= budget + POINTS * 2.0 / clock.now, "the first grid is there before its share"
    assert bool(frames(a_run)) == bool(budget)


def test_a_change_is_shown_at_once_and_paid_for_later(a_run: Run, clock: Clock) -> None:
    with training(a_run) as made:
        update(made, 2)
        made._film.renew()
        for _ in range(4):
            made._film.go_on()
        made.recorder.flush()
        assert [(event.step, event.data["done"]) for event in frames(a_run)] == [(2, False)]
        before = clock.now
        for _ in range(50):
            clock.now += 1.0
            made._film.go_on()
    assert clock.now == before + 50.0, "six seconds at a twentieth are paid off in 120"


def test_what_is_urgent_owes_no_more_than_it_may(a_run: Run, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "OWED_SECONDS", 3.0)
    with training(a_run) as made:
        made._film.renew()
        for _ in range(10):
            made._film.go_on()
        assert (clock.now, frames(a_run)) == (4.0, []), "two points, after which it owes more than three seconds"
        for _ in range(2):
            clock.now += 40.0
            made._film.go_on()
        made.recorder.flush()
        assert [event.step for event in frames(a_run)] == [0], "the third point, and its grid"


@pytest.mark.parametrize(("error", "is_told"), [(MemoryError(), True), (ValueError("a fault"), False)], ids=["memory", "fault"])
def test_a_film_for_which_there_is_no_memory_ends_alone(
    a_run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, is_told: bool
) -> None:
    def measure(*_: Any) -> Iterator[Measured]:
        raise error
        yield

    monkeypatch.setattr(film.LandscapeFrame, "measure", measure)
    with training(a_run) as made, nullcontext() if is_told else pytest.raises(ValueError, match="a fault"):
        for _ in range(3):
            made._film.go_on()
            update(made, 1)
    assert len(told(a_run, "no film")) == is_told


def test_a_frame_that_a_change_has_made_old_is_given_up(a_run: Run, clock: Clock) -> None:
    with training(a_run) as made:
        made._film.renew()
        made._film.go_on()
        update(made, 1)
        made._film.renew()
        for _ in range(4):
            made._film.go_on()
    assert [event.step for event in frames(a_run)] == [1]


def test_a_film_is_no_longer_than_it_may_be(a_run: Run, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "FRAMES", 4)
    with training(a_run) as made:
        for step in range(made.learner.steps):
            made.learner.step = step
            clock.now += 1000.0
            for _ in range(20):
                clock.now += 1.0
                made._film._saved = 1.0
                made._film.go_on()
    steps = [event.step for event in frames(a_run) if event.data["done"]]
    assert len(steps) == 4
    assert steps == sorted(set(steps))


def test_a_frame_has_the_loss_of_the_weights_of_its_step(a_run: Run) -> None:
    with training(a_run) as made:
        update(made, 3)
        loss = made._probes.measure_at_once(EVALUATION)["train_eval/loss"]
        made._film.renew()
        made._film.go_on()
        update(made, 4)
        made._film._saved = 1e9
        while not frames(a_run):
            made._film.go_on()
            made.recorder.flush()
    event = frames(a_run)[0]
    assert event.step == 3
    with np.load(a_run.path / "arrays" / f"{event.data['array']}.npz") as frame:
        middle = len(frame["x"]) // 2
        assert frame["loss"][middle, middle] == pytest.approx(loss, rel=1e-5)
        assert (event.data["lowest"], event.data["highest"]) == (frame["loss"].min(), frame["loss"].max())


@pytest.mark.parametrize("plane", ["random", "path"])
def test_a_frame_has_the_path_to_its_weights(a_run: Run, plane: str) -> None:
    kept = {}
    with training(a_run) as made:
        made.learner.experiment = apply_plane(made.learner.experiment, plane)
        for _ in range(5):
            update(made, 3)
            kept[made.learner.step] = made.learner.model.weights.clone()
            made._film.renew()
            made._film._saved = 1e9
            for _ in range(200):
                made._film.go_on()
    event = frames(a_run)[-1]
    with np.load(a_run.path / "arrays" / f"{event.data['array']}.npz") as frame:
        found = {name: frame[name] for name in frame.files}
    assert found["path_steps"].tolist() == [3, 6, 9, 12, 15]
    offsets = torch.stack([weights - kept[15] for weights in kept.values()])
    assert found["path"][-1] == pytest.approx([0, 0], abs=1e-6)
    if plane == "path":
        values = torch.linalg.svdvals(offsets.double())
        share = (values[:2].square().sum() / values.square().sum()).item()
        assert found["explained"] == pytest.approx(share, rel=1e-4)
        lengths = np.linalg.norm(found["path"], axis=1)
        assert (lengths <= offsets.norm(dim=1).numpy() * (1 + 1e-5)).all()
        assert (lengths**2).sum() == pytest.approx(share * offsets.square().sum().item(), rel=1e-3)
        assert np.abs(found["path"]).max() < found["x"].max()
    else:
        assert "explained" not in found
        assert found["x"].max() == made.experiment.landscape.span


def apply_plane(experiment: Experiment, plane: str) -> Experiment:
    landscape = experiment.landscape.model_copy(update={"film_plane": plane, "images": 16})
    return experiment.model_copy(update={"landscape": landscape})


def test_a_training_ends_the_same_with_and_without(launch: Launch) -> None:
    config = merge(SHORT, {"data": {"train_size": 256}, "schedule": {"epochs": 20}, "runtime": {"streams": "sequential"}})
    filmed = launch(merge(config, {"landscape": {"budget": 0.5, "at_end": False, "images": 16, "resolution": 13}}))
    plain = launch(merge(config, {"landscape": {"budget": 0.0, "at_end": False}}))
    for run in (filmed, plain):
        wait(run, is_finished)
    assert torch.equal(weights_at_end(filmed), weights_at_end(plain))
    assert frames(filmed)
    assert not frames(plain)
