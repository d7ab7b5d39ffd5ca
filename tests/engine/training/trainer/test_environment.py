"""Which device a run gets."""

from types import SimpleNamespace

import pytest

from engine.errors import Refused
from engine.experiment.schema import read
from engine.training.trainer.environment import choose_device


def test_several_processes_never_share_the_device_of_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    two = SimpleNamespace(size=2, here=2)
    assert choose_device(read({})).type == "mps"
    assert choose_device(read({}), two).type == "cpu"
    with pytest.raises(Refused, match=r"runtime\.device: mps cannot be shared by 2 processes"):
        choose_device(read({"runtime": {"device": "mps"}}), two)


@pytest.mark.parametrize(("gpus", "told"), [(0, "this process has none"), (1, "this process has 1"), (2, "")])
def test_two_gpus_are_refused_where_there_is_one(monkeypatch: pytest.MonkeyPatch, gpus: int, told: str) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpus > 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    experiment = read({"runtime": {"devices": 2}, "method": {"name": "m-arwp"}})
    if told:
        with pytest.raises(Refused, match=rf"runtime\.devices: 2 GPUs are asked for, {told}"):
            choose_device(experiment)
    else:
        assert choose_device(experiment).type == "cuda"
    assert choose_device(read({"runtime": {"devices": 2}, "method": {"name": "sgd"}}))
