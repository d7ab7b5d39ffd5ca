"""What this machine has: CPU cores and accelerators, told without loading torch, and how an engine is to use its memory."""

import os
import platform
from pathlib import Path

ENGINE_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "passive",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "MALLOC_TOP_PAD_": str(2**26),
    "MALLOC_ARENA_MAX": "1",
}
"""Variables in which an engine is started, where they are not set: threads that wait do not spin, and memory is kept once it is
taken, which the C library would give back and take again with every step."""


def accelerators() -> list[str]:
    """The accelerators that a training may use: cuda:0, cuda:1 …, or mps."""
    if platform.system() == "Darwin":
        return ["mps"] if platform.machine() == "arm64" else []
    there = [path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*")]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = sorted(there, key=int) if visible is None else [name.strip() for name in visible.split(",") if name.strip()]
    return [f"cuda:{name}" for name in names] if there else []


def kinds() -> list[str]:
    """What sorts of devices there are: cpu, and of cuda and mps what this machine has."""
    return list(dict.fromkeys(name.partition(":")[0] for name in ("cpu", *accelerators())))


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
