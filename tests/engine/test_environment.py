"""Which device a run gets."""

from types import SimpleNamespace

import pytest

from engine.environment import choose_device
from engine.errors import Refused
from engine.sections import Runtime


def test_several_processes_never_share_the_device_of_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    two = SimpleNamespace(size=2, here=2)
    assert choose_device(Runtime()).type == "mps"
    assert choose_device(Runtime(), two).type == "cpu"
    with pytest.raises(Refused, match=r"runtime\.device: mps cannot be shared by 2 processes"):
        choose_device(Runtime(device="mps"), two)
