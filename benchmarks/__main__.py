"""All ratios as one table. `python -m benchmarks [--peers] [--only NAME]`"""

import argparse
import importlib
import platform
import time

import torch

from engine.machine import cores

OURS = ("streams", "step", "memory", "recording", "start", "processes", "allocation", "film", "gpu")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", action="store_true", help="also against plain implementations of what one would otherwise run")
    parser.add_argument("--only", choices=[*OURS, "peers"], action="append", help="one part of the table; may be given again")
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is measured (default: %(default)s)")
    given = parser.parse_args()
    wanted = given.only or [*OURS, *(["peers"] if given.peers else [])]
    machine = ", ".join([processor(), f"{cores()} cores", *gpus(), f"torch {torch.__version__}"])
    print(f"{time.strftime('%Y-%m-%d')}, {machine}, {given.rounds} rounds in turn\n")
    print("| ratio | median | quartiles | goal |\n|---|---|---|---|")
    for name in wanted:
        for row in importlib.import_module(f"benchmarks.{name}").measure(given.rounds):
            print(row, flush=True)
    if "gpu" in wanted and not torch.cuda.is_available():
        print("\nThere is no GPU here, and so no line for one.")


def processor() -> str:
    """What the processor calls itself, where the system tells."""
    try:
        with open("/proc/cpuinfo") as told:  # noqa: PTH123 - no path of anybody's
            return next(line.partition(":")[2].strip() for line in told if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def gpus() -> list[str]:
    """What each GPU calls itself."""
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


if __name__ == "__main__":
    main()
