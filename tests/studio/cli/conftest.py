"""What the tests of commands share: engines that begin at once."""

import pytest


@pytest.fixture(autouse=True)
def engines_are_warm(warm_start: None) -> None:
    """Where a command runs in a process of its own, its engine is a cold one."""
