"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import supervise
from engine.experiment import read
from engine.run import Run
from tests.processes import Launch


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared material beside the repository."""
    path = Path(__file__).parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("there is no shared/ beside the repository")
    return path


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start an engine on a new run; whatever is still alive at the end is killed."""
    started = []

    def go(config: dict[str, Any], run: Run | None = None) -> Run:
        run = run or Run.create(tmp_path / "runs", read(config))
        started.append(supervise.start(run, tmp_path / "data"))
        return run

    yield go
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(10)
