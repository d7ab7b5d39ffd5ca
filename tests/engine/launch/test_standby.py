"""An engine kept ready trains as any other, and is not left behind."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
import torch

from engine.launch import engine_process
from engine.launch.standby_pool import EngineCall, StandbyPool
from tests.processes import SHORT, Launch, is_finished, wait, weights_at_end


def children() -> set[int]:
    """Engines that wait below this process."""
    living = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return {child.pid for child in living if "engine.standby" in " ".join(child.cmdline())}


def eventually(holds: object, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def standby_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandbyPool]:
    standby_pool = StandbyPool()
    monkeypatch.setattr(engine_process, "standby_pool", standby_pool)
    standby_pool.keep()
    assert eventually(lambda: standby_pool.is_ready)
    yield standby_pool
    standby_pool.close()
    assert not children()


@pytest.mark.slow
def test_it_trains_to_the_same_bits_and_is_replaced(
    launch: Launch, standby_pool: StandbyPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.launch.standby_pool.RENEW_SECONDS", 0.1)
    (ready,) = children()
    config = {**SHORT, "method": {"name": "m-arwp"}, "runtime": {"streams": "parallel"}}
    warm = launch(config)
    assert launch.processes[-1].pid == ready
    assert wait(warm, is_finished).pid == ready
    assert launch.processes[-1].wait(120) == 0
    assert eventually(lambda: standby_pool.is_ready)
    assert ready not in children()
    standby_pool.close()
    cold = launch(config)
    wait(cold, is_finished)
    assert torch.equal(weights_at_end(warm), weights_at_end(cold))
    assert (warm.path / "engine.log").read_text() == (cold.path / "engine.log").read_text()


def test_one_that_was_killed_is_not_asked(launch: Launch, standby_pool: StandbyPool) -> None:
    (ready,) = children()
    psutil.Process(ready).kill()
    os.waitid(os.P_PID, ready, os.WEXITED | os.WNOWAIT)  # all its threads have ended
    run = launch(SHORT)
    assert launch.processes[-1].pid != ready
    assert run.status().state == "starting"


def test_it_ends_with_the_studio_however_that_ends() -> None:
    studio = "from engine.launch.standby_pool import standby_pool; import time; standby_pool.keep(); time.sleep(100)"
    process = subprocess.Popen([sys.executable, "-c", studio])
    try:
        parent = psutil.Process(process.pid)
        assert eventually(parent.children)
        (spare,) = parent.children()
    finally:
        process.kill()
        process.wait()
    assert eventually(lambda: not spare.is_running())


def test_one_that_cannot_be_loaded_leaves_nothing_and_is_tried_again_with_the_next_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standby_pool = StandbyPool()
    with monkeypatch.context() as broken:
        broken.setattr("engine.launch.standby_pool.processes.sys.executable", "/bin/false")
        standby_pool.keep()
        assert standby_pool._renewal
        standby_pool._renewal.join(60)
        assert not children()
    assert not standby_pool.is_ready
    monkeypatch.setattr("engine.launch.standby_pool.RENEW_SECONDS", 0.1)
    assert standby_pool.take(EngineCall([], "", {}), 0, 0) is None
    assert eventually(lambda: standby_pool.is_ready)
    standby_pool.close()
    assert standby_pool.take(EngineCall([], "", {}), 0, 0) is None
    assert not children()
