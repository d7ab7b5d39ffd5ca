"""What the tests of commands share: engines that begin at once."""

import pytest

from engine.launch.fork_server import ForkServer


@pytest.fixture(autouse=True)
def engines_are_warm(warm_start: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One fork server serves all. Where a command runs in a process of its own, it does without, or has its own."""
    monkeypatch.setattr(ForkServer, "keep", lambda _: None)
