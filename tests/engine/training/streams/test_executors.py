"""Two gradients at once: what is done, in which order, and why not. On a GPU: the numbers of one after the other."""

from typing import Any

import pytest
import torch

from engine.training.step.learner import Learner
from engine.training.streams import executors
from engine.training.streams.executors import CudaStreams, TwoDevices, TwoThreads, second_device, why_not_parallel
from engine.training.streams.executors import executors as lanes_of
from tests.engine.conftest import MakeLearner

CUDA = torch.device("cuda", 0)


def test_a_second_stream_begins_after_the_first_and_is_waited_for(said: list[str]) -> None:
    found = CudaStreams(CUDA).both(lambda: said.append("here") or 1, lambda: said.append("beside") or 2)  # type: ignore[arg-type, func-returns-value, return-value]
    assert found == (1, 2)
    assert said == ["side waits for main", "on side", "beside", "off side", "here", "main waits for side"]


def test_a_second_stream_is_waited_for_also_when_something_fails(said: list[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        CudaStreams(CUDA).both(lambda: 1 / 0, lambda: 2)  # type: ignore[arg-type, return-value]
    assert said[-1] == "main waits for side"


def test_parallel_by_streams_gives_the_numbers_of_sequential(
    make_learner: MakeLearner, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = make_learner(method={"name": "m-arwp"}), make_learner(method={"name": "m-arwp"})
    one.choose_streams("sequential")
    monkeypatch.setattr("engine.training.streams.parallel.executors", lambda here, _: CudaStreams(here))
    assert two.choose_streams("parallel").way == "parallel"
    for _ in range(5):
        assert one.take_step() == two.take_step()
    assert torch.equal(one.model.weights, two.model.weights)
    assert said.count("main waits for side") == 5


@pytest.mark.parametrize(
    ("device", "devices", "way", "count", "reason"),
    [
        ("cpu", 1, "auto", 2, ""),
        ("cpu", 1, "parallel", 1, "one CPU core"),
        ("cuda", 1, "auto", 2, "not been tried"),
        ("cuda", 1, "parallel", 1, ""),
        ("cuda", 2, "auto", 1, ""),
        ("mps", 1, "parallel", 2, "mps computes one"),
    ],
)
def test_what_keeps_from_two_lanes_is_told(
    monkeypatch: pytest.MonkeyPatch, device: str, devices: int, way: str, count: int, reason: str
) -> None:
    monkeypatch.setattr(executors, "cores", lambda: count)
    told = why_not_parallel(torch.device(device), devices, way)
    assert (reason in told) if reason else not told


def test_a_reason_is_part_of_the_choice(make_learner: MakeLearner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "cores", lambda: 1)
    choice = make_learner(method={"name": "m-rwp"}).choose_streams("auto")
    assert str(choice) == "sequential: there is one CPU core"
    assert str(make_learner(method={"name": "sgd"}).choose_streams("auto")) == "sequential"


def test_two_devices_are_both_given_their_work_before_either_is_waited_for() -> None:
    beside = second_device(CUDA, 2)
    assert (beside, second_device(torch.device("cuda"), 2), second_device(CUDA, 1)) == (torch.device("cuda", 1), beside, CUDA)
    both, order = lanes_of(CUDA, beside), []
    assert isinstance(both, TwoDevices)
    assert both.both(lambda: order.append("here") or 1, lambda: order.append("beside") or 2) == (1, 2)  # type: ignore[arg-type, func-returns-value, return-value]
    assert order == ["beside", "here"]


def test_an_error_beside_leaves_the_threads_as_they_were() -> None:
    torch.set_num_threads(2)
    try:
        for here, beside in ((lambda: 1, lambda: 1 / 0), (lambda: 1 / 0, lambda: 1)):
            with pytest.raises(ZeroDivisionError):
                TwoThreads().both(here, beside)  # type: ignore[arg-type]
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("model", ["small-cnn", "resnet18"])
def test_two_cuda_streams_give_the_numbers_of_one(make_learner: MakeLearner, model: str) -> None:
    settings: dict[str, Any] = {"method": {"name": "m-arwp"}, "model": {"name": model}, "double": True, "place": "cuda"}
    assert_parallel_gives_the_numbers_of_sequential(make_learner(**settings), make_learner(**settings))


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two CUDA devices")
def test_two_cuda_devices_give_the_numbers_of_one(make_learner: MakeLearner) -> None:
    settings: dict[str, Any] = {"method": {"name": "m-arwp"}, "double": True, "place": "cuda"}
    assert_parallel_gives_the_numbers_of_sequential(make_learner(**settings), make_learner(**settings, runtime={"devices": 2}))


def assert_parallel_gives_the_numbers_of_sequential(one: Learner, two: Learner) -> None:
    one.choose_streams("sequential")
    assert two.choose_streams("parallel").way == "parallel"
    for _ in range(20):
        a, b = one.take_step(), two.take_step()
        assert b["train/loss"] == pytest.approx(a["train/loss"], rel=1e-9)
    torch.testing.assert_close(one.model.weights, two.model.weights)
