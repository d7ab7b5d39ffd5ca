"""Start several processes for one training with torchrun, and let them find each other."""

import os
import sys
from pathlib import Path

from engine.processes import START, python

MEETING = "RWP_STUDIO_MEETING"
RESTARTS = 3
"""How often a training whose process died goes on from its last checkpoint by itself."""


def is_restart() -> bool:
    """Whether torchrun has started this process anew after one died."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"


def command(count: int, meeting: Path, module: str, *arguments: str) -> list[str]:
    """How a module is started in `count` processes on this machine.

    They meet in files whose names begin with `meeting`: torch's own meeting place is open to the whole network.
    """
    if count == 1:
        return python(module, *arguments)
    shape = ["--nnodes", "1", "--nproc-per-node", str(count), "--max-restarts", str(RESTARTS)]
    place = ["--rdzv-backend", "c10d", "--rdzv-endpoint", f"{meeting}-of-launchers", "--rdzv-conf", "store_type=file"]
    each = [str(START), module, *arguments]
    return python("torch.distributed.run", *shape, *place, "--local-addr", "127.0.0.1", *each)


def surroundings(meeting: Path) -> dict[str, str]:
    """The environment in which they are started: they speak with each other on this machine alone."""
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    return {
        MEETING: str(meeting),
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        "OMP_NUM_THREADS": "1",  # until they know what their run asks for
    }


def meeting_place() -> str:
    """Where the processes find each other, as an address of torch's: a new file after every restart."""
    meeting = os.environ.get(MEETING)
    return f"file://{meeting}-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}" if meeting else "env://"
