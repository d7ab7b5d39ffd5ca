"""Runtime: devices, precision, streams, processes, and how often is evaluated and saved."""

from typing import Literal

from engine.fields import Section, knob


class Runtime(Section):
    """Where and how the training runs."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """The processor that trains; `auto` takes an accelerator if there is one."""
    threads: int = knob(0, advanced=True, ge=0, le=1024)
    """CPU threads within one operation; 0 leaves it to torch."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Number format of forward and backward pass; the weights and their update stay in fp32. fp16 needs an accelerator."""
    streams: Literal["auto", "sequential", "parallel", "distributed"] = "auto"
    """How two gradients of one step are run; `auto` times both ways before the first step and takes the faster.

    `parallel`: on two CPU cores, or on two CUDA streams of a GPU, which `auto` leaves alone as long as they have not been tried.
    `distributed`: by several processes, which is what `auto` does where there are several.
    """
    devices: int = knob(1, advanced=True, ge=1, le=2)
    """GPUs of one process: with 2 each of two gradients is computed on one of its own. Methods with one gradient take one GPU."""
    compile: bool = knob(False, advanced=True)
    """Compile the network with torch.compile before the first step: half a minute or more, which a long fp32 run wins back.

    On a CPU it needs a C++ compiler.
    """
    cuda_graph: bool = knob(False, advanced=True)
    """Tell a GPU what to do in a step once and let it repeat that (a CUDA graph), which small networks gain most by.

    The first repetition is compared with the step itself; where they differ, the graph is not used, and the page says why.

    It has not been tried on a GPU yet.
    """
    processes: int = knob(1, advanced=True, ge=1, le=64)
    """Processes that share the work of every step, by torchrun: one a GPU, or one a few CPU cores; 1 is off."""
    ascent: Literal["synchronised", "per-process"] = knob("synchronised", advanced=True)
    """SAM and its relatives on several processes: all find one ε together, or each one on its own piece of the batch.

    `per-process` is m-sharpness with m = batch size / processes, and spares one exchange of gradients.
    """
    accumulate: int = knob(1, advanced=True, live=True, ge=1, le=65_536)
    """Parts in which a mini-batch is computed, to save memory."""
    evaluate_every: int = knob(1, advanced=True, live=True, ge=1, le=10_000)
    """Epochs between two evaluations on the test set."""
    checkpoint_every: int = knob(1, advanced=True, live=True, ge=1, le=10_000)
    """Epochs between two checkpoints; there is always one at the end."""
    keep_every: int = knob(0, advanced=True, live=True, ge=0, le=10_000)
    """Epochs between two checkpoints that stay, to fork from; of the others only the last two and the best. 0 keeps none."""
    disk_budget: float | None = knob(None, advanced=True, live=True, gt=0, le=100_000)
    """What the checkpoints of the run may take of the disk, in GB; empty is no limit.

    Beyond it the oldest of those that `keep_every` keeps go first; the last two, the best and the pinned ones stay.
    """
