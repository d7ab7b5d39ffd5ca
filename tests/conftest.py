"""What all tests share."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.launch import engine_process
from engine.launch.fork_server import ForkServer
from tests.processes import Launch


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared material beside the repository."""
    path = Path(__file__).parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("there is no shared/ beside the repository")
    return path


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """A process from which engines are forked."""
    with closing(ForkServer()) as server:
        server.keep()
        assert server.is_ready(60)
        yield server


@pytest.fixture
def warm_start(fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let engines begin at once."""
    monkeypatch.setattr(engine_process, "fork_server", fork_server)


@pytest.fixture
def cold_start(warm_start: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every engine anew, where it matters how it is started."""
    monkeypatch.setattr(engine_process, "fork_server", ForkServer())


@pytest.fixture
def launch(tmp_path: Path, warm_start: None) -> Iterator[Launch]:
    """Start an engine on a new run; whatever is still alive at the end is killed."""
    launch = Launch(tmp_path)
    yield launch
    launch.end()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long forms of tests, unless `-m` speaks of them."""
    if "long" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
