"""A real Slurm of two nodes on this machine, which ends with the tests."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.launch import slurm
from tests.browser.conftest import browser, page, studio  # noqa: F401 - fixtures
from tests.studios import Studio

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldPort={ports[0]}
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SchedulerParameters=sched_interval=1,sched_min_interval=100000,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
KillWait=10
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=1000
NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=1000
PartitionName=low Nodes=one,two Default=YES State=UP PriorityTier=1 GraceTime=5
PartitionName=high Nodes=one,two State=UP PriorityTier=10 PreemptMode=off
"""
"""A job that was put back begins after six seconds, not two minutes; those of `high` take the nodes of `low`, after five."""


class Cluster:
    """What a test asks of Slurm beside the product."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ask(self, *command: str) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def jobs(self) -> dict[str, str]:
        """Slurm's state of every job it has."""
        lines = self.ask("squeue", "--noheader", "--format=%i %T").splitlines()
        return dict(line.split() for line in lines)

    def take_all(self) -> list[str]:
        """Let jobs that matter more take both nodes; their numbers."""
        return [self.ask("sbatch", "--parsable", "-p", "high", "-o", "/dev/null", "--wrap", "sleep 600") for _ in range(2)]

    def clear(self) -> None:
        """Cancel every job, and wait until none is left."""
        self.ask("scancel", "--me")
        end = time.monotonic() + 60
        while self.jobs():
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.fixture(scope="session")
def whole_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if missing := [name for name in ("munged", "slurmctld", "slurmd") if not shutil.which(name)]:
        pytest.skip(f"there is no {missing[0]}")
    folder = tmp_path_factory.mktemp("slurm")
    names = {"host": socket.gethostname().partition(".")[0], "user": getpass.getuser(), "ports": _free_ports(3)}
    (folder / "state").mkdir()
    (folder / "slurm.conf").write_text(CONFIGURATION.format(folder=folder, **names))
    with pytest.MonkeyPatch.context() as patch, ExitStack() as daemons:
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        for command in (_munge(folder), ["slurmctld", "-D"], ["slurmd", "-D", "-N", "one"], ["slurmd", "-D", "-N", "two"]):
            log = daemons.enter_context((folder / f"{command[0]} {command[-1]}.log").open("w"))
            daemon = daemons.enter_context(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log))
            daemons.callback(daemon.kill)
        cluster = Cluster(folder)
        _wait_for_nodes(cluster)
        yield cluster
        cluster.clear()


def _munge(folder: Path) -> list[str]:
    """The command that lets the parts of Slurm know each other. By itself it wants a folder that everybody may enter."""
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o600)
    files = {
        "key-file": "munge.key",
        "socket": "munge.sock",
        "pid-file": "munged.pid",
        "log-file": "munged.log",
        "seed-file": "munge.seed",
    }
    return ["munged", *(f"--{name}={folder / file}" for name, file in files.items()), "--force", "--foreground"]


@pytest.fixture
def cluster(whole_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Slurm with nothing to do, which is asked often."""
    monkeypatch.setattr(slurm, "LOOK_SECONDS", 0.2)
    yield whole_cluster
    whole_cluster.clear()


@pytest.fixture(scope="module")
def module_studio(whole_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio that can submit jobs."""
    made = Studio(tmp_path_factory.mktemp("studio"))
    made.start()
    yield made
    made.end(signal.SIGINT)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait_for_nodes(cluster: Cluster) -> None:
    end, command = time.monotonic() + 60, ["sinfo", "--noheader", "-p", "low", "--format=%t %D"]
    while (asked := subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)).stdout.split() != [
        "idle",
        "2",
    ]:
        said = {path.name: path.read_text()[-2000:] for path in cluster.folder.glob("*.log")}
        assert time.monotonic() < end, f"{asked}\n{said}"
        time.sleep(0.1)
