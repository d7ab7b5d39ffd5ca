"""Micro-batch sizes: how many images each piece of a mini-batch has for which a gradient is computed by itself."""

from engine.experiment.schema import Experiment
from engine.methods.lpf import LPFSGD
from engine.methods.sam import Adversarial


def shards(total: int, size: int) -> list[int]:
    """`total` images in pieces of `size`, of which the last may be smaller."""
    return [size] * (total // size) + ([total % size] if total % size else [])


def parts(total: int, count: int) -> list[int]:
    """`total` images in `count` pieces of as equal a size as can be, the larger ones first."""
    return [total // count + (index < total % count) for index in range(count)]


def is_apart(experiment: Experiment) -> bool:
    """Whether every process finds an ε of its own, so that only directions are comparable."""
    return isinstance(experiment.method, Adversarial) and experiment.runtime.ascent == "per-process"


def shared(experiment: Experiment) -> list[int]:
    """The pieces of a mini-batch that all processes share: a gradient of each is computed by all of them at once."""
    found = _pieces(experiment)
    return found if is_apart(experiment) else [part for piece in found for part in _accumulated(experiment, piece)]


def normalised(experiment: Experiment) -> list[int]:
    """The pieces of a mini-batch over which BatchNorm takes its means."""
    if not is_apart(experiment):
        return shared(experiment)
    processes = experiment.runtime.processes
    shares = [share for piece in _pieces(experiment) for share in parts(piece, processes) if share]
    return [part for share in shares for part in _accumulated(experiment, share)]


def _pieces(experiment: Experiment) -> list[int]:
    """The pieces that have an ε each."""
    method, total = experiment.method, experiment.schedule.batch_size
    if isinstance(method, LPFSGD):
        return parts(total, min(method.draws, total))
    if isinstance(method, Adversarial) and method.m_sharpness:
        return shards(total, min(method.m_sharpness, total))
    return [total]


def _accumulated(experiment: Experiment, total: int) -> list[int]:
    return parts(total, min(experiment.runtime.accumulate, total))
