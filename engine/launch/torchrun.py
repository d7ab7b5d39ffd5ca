"""Start several processes for one training with torchrun, and let them find each other."""

import os
import sys
from pathlib import Path

from engine.processes import START, python

RENDEZVOUS = "RWP_STUDIO_MEETING"
RESTARTS = 3
"""How often a training whose process died goes on from its last checkpoint by itself."""


def is_restart() -> bool:
    """Whether torchrun has started this process anew after one died."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"


def command(count: int, prefix: Path, module: str, *arguments: str) -> list[str]:
    """How a module is started in `count` processes on this machine.

    They meet in files whose names begin with `prefix`: torch's own rendezvous is open to the whole network.
    """
    if count == 1:
        return python(module, *arguments)
    shape = ["--nnodes", "1", "--nproc-per-node", str(count), "--max-restarts", str(RESTARTS)]
    place = ["--rdzv-backend", "c10d", "--rdzv-endpoint", f"{prefix}-of-launchers", "--rdzv-conf", "store_type=file"]
    each = [str(START), module, *arguments]
    return python("torch.distributed.run", *shape, *place, "--local-addr", "127.0.0.1", *each)


def ranks_environment(prefix: Path) -> dict[str, str]:
    """The environment in which they are started: they speak with each other on this machine alone."""
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    return {
        RENDEZVOUS: str(prefix),
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        "OMP_NUM_THREADS": "1",  # until they know what their run asks for
    }


def rendezvous() -> str:
    """Where the processes find each other, as an address of torch's: a new file after every restart."""
    prefix = os.environ.get(RENDEZVOUS)
    return f"file://{prefix}-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}" if prefix else "env://"
