"""Probe: the protocol of a measurement that leaves the training as it was."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.training.data import EvaluationSource, Sources
from engine.training.step.learner import Learner
from engine.training.weights.averaging import recalibrate
from engine.training.weights.flat_model import FlatModel

RECALIBRATION_IMAGES = 4096


@dataclass(frozen=True)
class Measured:
    """How much of a measurement is done, and what it has newly found."""

    fraction: float
    """From 0 to 1."""
    scalars: dict[str, float] = field(default_factory=dict)
    """Values to record, by TensorBoard tag."""
    arrays: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """Arrays to keep by name, in the place of those that were kept before."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What an event says of it, if anything; `done` once it is complete."""


class Probe(Protocol):
    """A measurement at fixed weights, a little at a time, so that steps can be taken in between."""

    name: str
    """Of the command that asks for it, of its arrays and events, and of the section that holds its settings if it has some."""
    title: str
    """What is being measured, for the status line."""

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """Measure at the weights that `learner` has at the first `next`; one that takes turns with steps works on a copy."""
        ...


def copy_of(model: FlatModel) -> FlatModel:
    """The same network with weights of its own."""
    return FlatModel(copy.deepcopy(model.module), model.weights.device)


def as_evaluated(learner: Learner, images: EvaluationSource) -> FlatModel:
    """A copy of the network in eval mode, with the BatchNorm statistics that an evaluation would give it now."""
    model = copy_of(learner.model)
    if learner.experiment.method.statistics == "recalibrate":
        recalibrate(model, images.batches(limit=RECALIBRATION_IMAGES))
    model.module.eval()
    return model
