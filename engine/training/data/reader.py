"""Worker processes that read the batches of a streamed set ahead of their use."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator

import torch
from torch.utils.data import DataLoader

from engine.errors import Problem, Refused
from engine.machine import cores
from engine.training.data.decode import Fault, ImageFiles, Key, RawBatch, Sample, end_with_training

AHEAD = 2
"""Batches that each process has ready."""

Faulty = Callable[[str, str, int], None]
"""Called with a file that is no usable picture, the reason, and how many there have been."""


class Faults:
    """Tells of each unusable file once."""

    def __init__(self, faulty: Faulty) -> None:
        self._faulty = faulty
        self._known: set[str] = set()

    def met(self, faults: list[Fault]) -> None:
        for file, reason in faults:
            if file not in self._known:
                self._known.add(file)
                self._faulty(file, reason, len(self._known))


class Reader:
    """Reads `pictures` in worker processes, or in this one if there are to be none.

    The processes are forked from a server process: forking one in which OpenMP has run may hang.
    """

    def __init__(self, pictures: ImageFiles, workers: int, device: torch.device, faults: Faults) -> None:
        self._pictures, self._faults = pictures, faults
        self._workers = min(workers, cores())
        self._pin = device.type == "cuda"

    def batches(self, keys: Iterable[list[Key]]) -> Iterator[RawBatch]:
        """One batch for each list of `keys`, in their order. The processes end when the iterator is dropped."""
        batches = iter(self._loader(keys))
        while True:
            try:
                raw: RawBatch | None = next(batches, None)
            except (RuntimeError, OSError, EOFError) as error:
                raise _died(error) from None
            if raw is None:
                return
            self._faults.met(raw.faults)
            yield raw

    def _loader(self, keys: Iterable[list[Key]]) -> "DataLoader[Sample]":
        if self._workers:
            preloaded = ["engine.training.data.decode", "torchvision.transforms.v2"]
            multiprocessing.get_context("forkserver").set_forkserver_preload(preloaded)
        return DataLoader(
            self._pictures,
            batch_sampler=keys,
            collate_fn=RawBatch.of,
            worker_init_fn=end_with_training,
            num_workers=self._workers,
            prefetch_factor=AHEAD if self._workers else None,
            multiprocessing_context="forkserver" if self._workers else None,
            pin_memory=self._pin,
            generator=torch.Generator(),
        )


def _died(error: Exception) -> Exception:
    """What to make of an error of the loader: a dead process is a matter for people, anything else a fault of ours."""
    if isinstance(error, RuntimeError) and "DataLoader worker (pid" not in str(error):
        return error
    told = str(error).partition("\n")[0] or type(error).__name__
    cure = "Choose fewer workers, or 0 to read within the training itself, or give the machine more shared memory"
    return Refused(Problem("data.workers", f"a process that reads pictures died ({told})", cure))
