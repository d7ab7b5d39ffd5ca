"""Executors: two gradients at the same time, on two threads, two CUDA streams or two devices."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import torch

from engine.machine import cores
from engine.training.streams.sequential import Gradient

Work = Callable[[], Gradient]


class Executors(Protocol):
    """Run two gradients at the same time."""

    def both(self, here: Work, beside: Work) -> tuple[Gradient, Gradient]:
        """Do both at the same time; what they found can be used by whatever follows."""
        ...


class TwoThreads:
    """This thread and a worker thread, one core each."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))

    def both(self, here: Work, beside: Work) -> tuple[Gradient, Gradient]:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        waiting: Future[Gradient] = self._worker.submit(beside)
        try:
            try:
                found = here()
            finally:
                other = waiting.result()
        finally:
            torch.set_num_threads(threads)
        return found, other


class CudaStreams:
    """The present CUDA stream and a second one, which begins where the first is and is waited for by what follows there."""

    def __init__(self, device: torch.device) -> None:
        self._side = torch.cuda.Stream(device)

    def both(self, here: Work, beside: Work) -> tuple[Gradient, Gradient]:
        main = torch.cuda.current_stream(self._side.device)
        self._side.wait_stream(main)
        try:
            with torch.cuda.stream(self._side):
                other = beside()
            found = here()
        finally:
            main.wait_stream(self._side)  # so that no memory is used again before both are through
        return found, other


class TwoDevices:
    """Two GPUs, each of which goes on by itself with what it was given to do."""

    def both(self, here: Work, beside: Work) -> tuple[Gradient, Gradient]:
        other = beside()
        return here(), other


def executors(here: torch.device, beside: torch.device) -> Executors:
    """What runs two gradients on a device on which `why_not_parallel` has nothing against them, or of two devices."""
    if here != beside:
        return TwoDevices()
    return CudaStreams(here) if here.type == "cuda" else TwoThreads()


def second_device(device: torch.device, devices: int) -> torch.device:
    """Where the second gradient is computed by a process that has so many `devices`."""
    return device if devices == 1 else torch.device(device.type, (device.index or 0) + 1)


def why_not_parallel(device: torch.device, devices: int, way: str) -> str:
    """Why two gradients are not computed at the same time, whatever it takes; empty if nothing keeps from it."""
    if devices == 2:
        return ""
    if device.type == "cpu":
        return "" if cores() >= 2 else "there is one CPU core"
    if device.type != "cuda":
        return f"{device.type} computes one gradient after the other"
    return "" if way == "parallel" else "two CUDA streams have not been tried yet, and are taken where they are asked for alone"
