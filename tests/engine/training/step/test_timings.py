"""Where the time of a step goes."""

import pytest
import torch

from engine.training.step.timings import StepTimer
from tests.engine.conftest import MakeLearner


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the stopwatch is told; append to it."""
    told = [0.0]
    monkeypatch.setattr("engine.training.step.timings.time.perf_counter", lambda: told[-1])
    return told


def test_shares_are_those_of_an_update_with_its_recording(clock: list[float]) -> None:
    watch = StepTimer()
    with watch.time("update"):
        with watch.time("data"):
            clock.append(1.0)
        with watch.time("gradients"):
            with watch.time("noise"):
                clock.append(3.0)
            clock.append(13.0)
        with watch.time("optimizer"):
            clock.append(16.0)
        clock.append(18.0)
    with watch.time("recording"):
        clock.append(20.0)
    assert watch.shares() == pytest.approx(
        {"forward and backward": 0.5, "noise": 0.1, "optimizer": 0.15, "data": 0.05, "recording": 0.1, "other": 0.1}
    )
    assert watch.shares() == {}


@pytest.mark.parametrize("streams", ["sequential", "parallel"])
def test_every_part_of_an_update_is_timed(make_learner: MakeLearner, streams: str) -> None:
    learner = make_learner(method={"name": "m-arwp"})
    learner.choose_streams(streams)
    with learner.watch.time("update"):
        learner.take_step()
    shares = learner.watch.shares()
    assert sum(shares.values()) == pytest.approx(1.0)
    assert all(shares[part] > 0 for part in ("forward and backward", "noise", "optimizer", "data"))
    assert shares["forward and backward"] > shares["optimizer"]
    assert torch.isfinite(learner.model.weights).all()
