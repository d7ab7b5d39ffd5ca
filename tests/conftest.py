"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.launch import engine_process
from engine.launch.standby_pool import StandbyPool
from tests.processes import Launch
from tests.warm_engines import WarmEngines, warm_engines


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared material beside the repository."""
    path = Path(__file__).parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("there is no shared/ beside the repository")
    return path


@pytest.fixture(scope="session")
def forks() -> Iterator[WarmEngines]:
    """A process that has torch in memory, from which engines are forked."""
    with warm_engines() as forks:
        yield forks


@pytest.fixture
def warm_start(forks: WarmEngines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let engines begin at once."""
    monkeypatch.setattr(engine_process, "standby_pool", forks)


@pytest.fixture
def cold_start(warm_start: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every engine anew, where it matters how it is started."""
    monkeypatch.setattr(engine_process, "standby_pool", StandbyPool())


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
