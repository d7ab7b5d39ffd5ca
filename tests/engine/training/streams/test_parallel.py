"""Two gradients at the same time are the same two gradients."""

import copy
from typing import Any

import pytest
import torch

from engine.training.data import Batch
from engine.training.step.learner import Learner
from engine.training.streams.choose import Choice
from engine.training.weights.backward import Overflow
from tests.engine.conftest import MakeLearner

STEPS = 20
VARIANTS = {
    "m-rwp": {"name": "m-rwp"},
    "m-arwp": {"name": "m-arwp"},
    "same batch": {"name": "m-arwp", "batches": "same"},
    "perturbed statistics": {"name": "m-rwp", "bn_statistics": "perturbed"},
    "recalibrated statistics": {"name": "m-rwp", "bn_statistics": "recalibrate"},
    "sampa": {"name": "sampa"},
    "sampa, perturbed statistics": {"name": "sampa", "bn_statistics": "perturbed"},
    "nso": {"name": "nso"},
    "sam": {"name": "sam"},
    "rwp": {"name": "rwp"},
}


def trained(learner: Learner, way: str) -> list[dict[str, float]]:
    assert learner.choose_streams(way).way == (way if learner.experiment.method.streams == 2 else "sequential")
    return [dict(learner.take_step()) for _ in range(STEPS)]


@pytest.mark.parametrize("method", VARIANTS.values(), ids=VARIANTS.keys())
def test_parallel_equals_sequential_bit_for_bit(make_learner: MakeLearner, method: dict[str, object]) -> None:
    one, two = make_learner(method=method), make_learner(method=method)
    assert trained(one, "sequential") == trained(two, "parallel")
    assert torch.equal(one.model.weights, two.model.weights)
    assert all(torch.equal(a, b) for a, b in zip(one.model.buffers, two.model.buffers, strict=True))


@pytest.mark.parametrize("method", VARIANTS.values(), ids=VARIANTS.keys())
def test_two_devices_equal_one_bit_for_bit(
    make_learner: MakeLearner, monkeypatch: pytest.MonkeyPatch, method: dict[str, Any]
) -> None:
    settings: dict[str, Any] = {"method": method, "data": {"mixup": 0.2}}
    one, two = make_learner(**settings), make_learner(**settings, runtime={"devices": 2})
    brought = another_cpu(monkeypatch)
    assert trained(one, "sequential") == trained(two, "parallel")
    assert torch.equal(one.model.weights, two.model.weights)
    assert all(torch.equal(a, b) for a, b in zip(one.model.buffers, two.model.buffers, strict=True))
    assert len(brought) == (STEPS if two.experiment.method.streams == 2 else 0)


def another_cpu(monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """Let a second device be the CPU by another name; returns the batches that are brought there."""
    brought: list[Batch] = []
    elsewhere = torch.device("cpu", 0)

    def to(batch: Batch, device: torch.device) -> Batch:
        brought.extend([batch] if device == elsewhere else [])
        return copied(batch, device)

    copied = Batch.to
    monkeypatch.setattr(
        "engine.training.streams.choose.second_device", lambda device, devices: elsewhere if devices == 2 else device
    )
    monkeypatch.setattr(Batch, "to", to)
    return brought


def test_choosing_changes_nothing(make_learner: MakeLearner) -> None:
    learner = make_learner(method={"name": "m-arwp"})
    before = copy.deepcopy(learner.state_dict())
    choice = learner.choose_streams("auto")
    after = learner.state_dict()
    assert choice.sequential
    assert choice.parallel
    assert choice.way == ("parallel" if choice.parallel < choice.sequential else "sequential")
    assert torch.equal(before["weights"], after["weights"])
    assert all(torch.equal(a, b) for a, b in zip(before["buffers"], after["buffers"], strict=True))
    assert learner.samples == 0


def test_an_overflow_in_the_worker_reaches_the_loop(make_learner: MakeLearner, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = make_learner(method={"name": "m-rwp"})
    learner.choose_streams("parallel")
    monkeypatch.setattr(learner._streams._beside, "run", lambda _: (_ for _ in ()).throw(Overflow))
    before = learner.model.weights.clone()
    learner.take_step()
    assert learner.step == 1
    assert torch.equal(learner.model.weights, before)


def test_intra_op_threads_are_as_they_were(make_learner: MakeLearner) -> None:
    learner = make_learner(method={"name": "m-rwp"})
    learner.choose_streams("parallel")
    torch.set_num_threads(2)
    try:
        learner.take_step()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        (Choice("parallel", 3.0, 2.0), "parallel: 1.50 × as fast as sequential here"),
        (Choice("sequential", 2.0, 5.0), "sequential: 2.50 × as fast as parallel here"),
        (Choice("sequential", reason="there is one core"), "sequential: there is one core"),
        (Choice("distributed"), "distributed"),
    ],
)
def test_a_choice_says_how_much_faster_it_is(choice: Choice, text: str) -> None:
    assert str(choice) == text
