"""Process group: the processes that train one run together, and their collective operations."""

import atexit
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from engine.launch.torchrun import rendezvous

PATIENCE = timedelta(days=365)
"""How long a process waits for the others: a training may be paused for months, and a death is noticed at once."""


class RankDied(Exception):
    """Another process of this training is gone."""

    def __init__(self) -> None:
        super().__init__("another process of this training died")


class Subgroup:
    """Processes that share the images of one gradient: this one has share `index` of `size` equal ones."""

    def __init__(self, ranks: Iterable[int], rank: int) -> None:
        members = list(ranks)
        self.size = len(members)
        self.index = members.index(rank) if rank in members else -1
        if self.size > 1:
            self._group: Any = dist.new_group(members)  # every process has to take part in this

    def average(self, *tensors: Tensor) -> None:
        """Put the mean over the subgroup into each of the tensors."""
        if self.size == 1:
            return

        def reduce() -> None:
            for work in [dist.all_reduce(tensor, group=self._group, async_op=True) for tensor in tensors]:
                work.wait()

        _raising_if_one_died(reduce)
        for tensor in tensors:
            tensor.div_(self.size)

    def gather(self, tensor: Tensor) -> Tensor:
        """The tensor of every member, shape (size, …)."""
        found = [torch.empty_like(tensor) for _ in range(self.size)]
        _raising_if_one_died(lambda: dist.all_gather(found, tensor, group=self._group))
        return torch.stack(found)


class ProcessGroup:
    """Process `rank` of `size`. Rank 0 alone owns the folder of the run, and broadcasts what comes next."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self.here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        """Processes on this machine."""
        self.will_restart = os.environ.get("TORCHELASTIC_RESTART_COUNT") != os.environ.get("TORCHELASTIC_MAX_RESTARTS")
        """Whether torchrun starts everybody anew when one has died."""
        self.everyone = Subgroup(range(size), rank)
        self.half = [Subgroup(range(first, size, 2), rank) for first in (0, 1)][rank % 2]
        """Those whose rank is even like this one, or odd."""

    def exchange(self, mine: list[Tensor], theirs: list[Tensor]) -> None:
        """Exchange tensors with the peer: ranks 0 and 1, 2 and 3, and so on."""
        peer = self.rank ^ 1
        sent = [dist.P2POp(dist.isend, tensor, peer) for tensor in mine]
        received = [dist.P2POp(dist.irecv, tensor, peer) for tensor in theirs]
        _raising_if_one_died(lambda: [work.wait() for work in dist.batch_isend_irecv(sent + received)])

    def broadcast(self, tensor: Tensor) -> Tensor:
        """Put the tensor as rank 0 has it into everyone's; return it."""
        _raising_if_one_died(lambda: dist.broadcast(tensor, 0))
        return tensor

    def barrier(self) -> None:
        """Wait until everyone has come to this line. Raises `RankDied` if one of them is gone."""
        self.everyone.gather(torch.tensor(self.rank))


ALONE = ProcessGroup(0, 1)


@cache
def join() -> ProcessGroup:
    """The process group that torchrun has put this process into; a process of its own is alone."""
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if size > 1:
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        there = rendezvous()
        _raising_if_one_died(lambda: dist.init_process_group(backend, there, timeout=PATIENCE, rank=rank, world_size=size))
        atexit.register(dist.destroy_process_group)  # or else its threads may end the process with an abort
    return ProcessGroup(rank, size) if size > 1 else ALONE


def _raising_if_one_died(communicate: Callable[[], object]) -> None:
    """Communicate with the others. Raises `RankDied` if one of them is gone."""
    try:
        communicate()
    except RuntimeError as error:
        raise RankDied from error
