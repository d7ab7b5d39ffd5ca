"""What the tests of faults share: engines that begin at once, and figures told at the end."""

from pathlib import Path
from typing import Any

import pytest

from engine.launch.fork_server import ForkServer
from tests.faults.warm import Warm

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def warm(fork_server: ForkServer) -> Warm:
    return Warm(fork_server)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Any:
    """figure("what was measured"): told when the tests are over."""
    told = request.config.stash.setdefault(FIGURES, [])
    return lambda text: told.append(f"{request.node.name}: {text}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is killed here takes engines of its own: all of it is slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if told := config.stash.get(FIGURES, []):
        terminalreporter.section("figures")
        for line in told:
            terminalreporter.line(line)
