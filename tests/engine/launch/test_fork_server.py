"""A forked engine trains as any other, and outlives the fork server, which is not left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import torch

from engine.launch import engine_process
from engine.launch.fork_server import EngineCall, ForkServer
from tests.processes import LONG, SHORT, Launch, ended, is_finished, is_running, wait, weights_at_end

pytestmark = pytest.mark.slow  # every test starts a fork server
KEEPS_ONE = "from engine.launch.fork_server import fork_server; import time; fork_server.keep(); "


def children(parent: int | None = None) -> list[psutil.Process]:
    """The fork servers of a process."""
    living = [child for child in psutil.Process(parent).children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in living if "engine.fork_server" in " ".join(child.cmdline())]


def eventually(holds: Callable[[], object], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def server(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    """A fork server of this test alone, from which `launch` has its engines."""
    before = {child.pid for child in children()}
    with closing(ForkServer()) as server:
        monkeypatch.setattr(engine_process, "fork_server", server)
        server.keep()
        assert server.is_ready(60)
        yield server
    assert {child.pid for child in children()} == before


def test_it_trains_to_the_same_bits(launch: Launch, server: ForkServer) -> None:
    config = {**SHORT, "method": {"name": "m-arwp"}, "runtime": {"streams": "parallel"}}
    forked = [launch(config), launch(config)]
    for run, engine in zip(forked, launch.processes, strict=True):
        assert wait(run, is_finished).pid == engine.pid
        assert engine.wait(120) == 0
        assert psutil.pid_exists(engine.pid) is False
    server.close()
    anew = launch(config)
    wait(anew, is_finished)
    for run in forked:
        assert torch.equal(weights_at_end(run), weights_at_end(anew))
        assert (run.path / "engine.log").read_text() == (anew.path / "engine.log").read_text()


def test_how_an_engine_ended_is_known(launch: Launch, server: ForkServer) -> None:
    for number, code in ((signal.SIGTERM, 130), (signal.SIGKILL, -9)):
        run = launch(LONG)
        wait(run, is_running)
        assert launch.processes[-1].poll() is None
        os.kill(launch.processes[-1].pid, number)
        assert launch.processes[-1].wait(60) == code
        launch.processes[-1].kill()  # nobody is hit by the pid of one that has ended


def test_an_engine_outlives_the_server_and_is_waited_for_all_the_same(launch: Launch, server: ForkServer) -> None:
    run = launch(LONG)
    server.close()
    step = wait(run, is_running).step
    wait(run, lambda status: status.step > step)
    launch.processes[-1].kill()
    launch.processes[-1].wait(60)
    assert wait(run, ended).state == "interrupted"


def test_an_engine_is_in_a_session_of_its_own_with_nothing_open_but_its_lock_and_log(launch: Launch, server: ForkServer) -> None:
    first, second = launch(LONG), launch(LONG)
    for run in (first, second):
        wait(run, is_running)
    pid = launch.processes[-1].pid
    assert os.getsid(pid) == pid
    open_files = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
    assert not any(str(first.path) in path for path in open_files)
    assert not any(path.startswith(("pipe:", "socket:")) for path in open_files), open_files


def test_nobody_asks_for_a_gpu_before_the_fork_which_none_survives() -> None:
    code = """
import torch
def refuse(*_): raise SystemExit("asked for a GPU")
for name in ("is_available", "device_count", "init", "current_device", "get_device_properties"):
    setattr(torch.cuda, name, refuse)
import os, engine.fork_server
engine.fork_server.preload()
assert not torch.cuda.is_initialized()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_one_that_was_killed_is_begun_anew(launch: Launch, server: ForkServer, tmp_path: Path) -> None:
    assert server._process
    killed = psutil.Process(server._process.pid)
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # all its threads have ended
    assert launch(SHORT).status().state == "starting"
    assert isinstance(launch.processes[-1], subprocess.Popen)
    assert server.is_ready(60)
    launch(SHORT)
    assert not isinstance(launch.processes[-1], subprocess.Popen)


@pytest.mark.parametrize("is_ready", [False, True])
def test_it_ends_with_the_studio_however_that_ends(tmp_path: Path, is_ready: bool) -> None:
    keeps = (
        f"{KEEPS_ONE}fork_server.is_ready(60); print(flush=True); time.sleep(100)" if is_ready else f"{KEEPS_ONE}time.sleep(100)"
    )
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen([sys.executable, "-c", keeps], stdout=subprocess.PIPE, stderr=said)
    try:
        assert eventually(lambda: children(process.pid))
        (server,) = children(process.pid)
        if is_ready:
            assert process.stdout
            process.stdout.readline()
    finally:
        process.kill()
        process.communicate()
    assert eventually(lambda: not server.is_running())
    assert (tmp_path / "said").read_text() == ""


def test_one_that_cannot_be_loaded_is_tried_again_with_the_next_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing = EngineCall([], "", {})
    with closing(ForkServer()) as server:
        with monkeypatch.context() as broken:
            broken.setattr("engine.processes.sys.executable", "/bin/false")
            server.keep()
            assert not server.is_ready(60)
        assert server.fork(nothing, 0, 0) is None
        assert server.is_ready(60)
    assert server.fork(nothing, 0, 0) is None
