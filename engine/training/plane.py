"""`python -m engine.training.plane < request.json`: the loss on the plane through the weights of several runs.

The request has `places`, a list of [folder of a run, step of a checkpoint or null for the newest], `data`, the folder of the
datasets, `resolution` and `images`. Lines of JSON come back: {"done": fraction} and at last {"found": arrays and facts}.
"""

import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import Problem, Refused
from engine.experiment.dataset_info import input_shape
from engine.experiment.schema import Experiment
from engine.runs.checkpoints import Checkpoint, checkpoints
from engine.runs.run import Run
from engine.training import models
from engine.training.data import Batch, Sources, load
from engine.training.probes.evaluate import average
from engine.training.probes.landscape import direction
from engine.training.probes.weight_path import project
from engine.training.weights.averaging import recalibrate
from engine.training.weights.flat_model import FlatModel
from engine.training.weights.principal import orthogonal, principal_directions

MARGIN = 0.35
"""How far the plane reaches beyond the outermost place, as a share of the distance between the outermost ones."""
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Place:
    """The weights (d,) of a run after a step."""

    run: Run
    step: int
    weights: Tensor

    @classmethod
    def of(cls, folder: str, step: int | None) -> "Place":
        """Raises `Refused` if there is no such checkpoint, or it is damaged."""
        run = Run(Path(folder))
        there = {found.step: found for found in checkpoints(run.path / "checkpoints")}
        chosen = there.get(max(there, default=-1) if step is None else step)
        content = None if chosen is None else chosen.content()
        if not isinstance(chosen, Checkpoint) or content is None:
            told = ", ".join(map(str, sorted(there))) or "none at all"
            raise Refused(
                Problem(run.id, f"has no whole checkpoint of step {step or 'the end'}", f"It has those of steps {told}")
            )
        state = torch.load(io.BytesIO(content), map_location=CPU, weights_only=True)
        return cls(run, chosen.step, state["loop"]["weights"].float())


@dataclass(frozen=True)
class Plane:
    """Points center + x·across + y·along, with the places (n, 2) on it and the share of their scatter that lies in it."""

    center: Tensor
    across: Tensor
    along: Tensor
    places: NDArray[np.float64]
    explained: float

    @classmethod
    def through(cls, weights: Tensor, other: Tensor) -> "Plane":
        """The plane in which most of the scatter of `weights` (n, d) lies; of two the line, and a direction `other` (d,)."""
        center = weights.mean(0)
        offsets = weights - center
        across, along, explained = principal_directions(offsets)
        if len(weights) == 2:
            along = orthogonal(other, across)
        return cls(center, across, along, project(offsets, across, along), explained)

    def axis(self, resolution: int) -> NDArray[np.float64]:
        """Offsets (n,) of both axes, from beyond the outermost places on one side to beyond those on the other."""
        reach = (1 + 2 * MARGIN) * max(float(np.abs(self.places).max()), 1e-6)
        return np.linspace(-reach, reach, resolution)


class Surface:
    """The mean loss over `batches` wherever the weights are put, with BatchNorm statistics of those weights."""

    def __init__(self, model: FlatModel, batches: list[Batch]) -> None:
        self._model, self._batches = model, batches

    def at(self, weights: Tensor) -> tuple[float, float]:
        """Loss and accuracy."""
        self._model.weights.copy_(weights)
        recalibrate(self._model, self._batches)
        self._model.module.eval()
        return average(self._model, self._batches)


def measure(places: list[Place], data: Path, resolution: int, images: int) -> Iterator[dict[str, Any]]:
    """How much is done, and at last what was found. Raises `Refused` where the runs have no plane in common."""
    experiment = common(places)
    splits = load(experiment, data, lambda _message, _fraction: None)
    sources = Sources.of(splits, experiment, CPU, lambda _file, _reason, _count: None)
    batches = list(sources.plain.batches(limit=images))
    model = FlatModel(models.build(experiment, input_shape(experiment), len(splits.classes), experiment.root), CPU)
    model.weights.copy_(places[0].weights)
    plane = Plane.through(torch.stack([place.weights for place in places]), direction(model, experiment.root, "y"))
    surface, axis = Surface(model, batches), plane.axis(resolution)
    loss, accuracy = np.full((2, resolution, resolution), np.nan)
    for row, y in enumerate(axis):
        for column, x in enumerate(axis):
            loss[row, column], accuracy[row, column] = surface.at(plane.center + x * plane.across + y * plane.along)
        yield {"done": (row + 1) / (resolution + 1)}
    own = [surface.at(place.weights)[0] for place in places]
    middles = [surface.at((a.weights + b.weights) / 2)[0] for a, b in pairwise(places)]
    facts = {"explained": plane.explained, "images": sum(map(len, batches)), "steps": [place.step for place in places]}
    arrays = {"x": axis, "y": axis, "loss": loss, "accuracy": accuracy, "places": plane.places}
    found = {name: array.tolist() for name, array in arrays.items()}
    yield {"found": {**found, "own": own, "middles": middles, **facts}}


def common(places: list[Place]) -> Experiment:
    """The experiment of the first, if all have the same network and data."""
    first = places[0].run.experiment
    for place in places[1:]:
        other = place.run.experiment
        for what in ("model", "data"):
            if getattr(other, what).name != getattr(first, what).name:
                told = f"has {getattr(other, what).name}, and {places[0].run.id} has {getattr(first, what).name}"
                raise Refused(Problem(place.run.id, told, "Choose runs of one network on one dataset"))
    return first


def main() -> int:
    os.nice(10)  # a training may be on the same processor
    asked = json.load(sys.stdin)
    try:
        places = [Place.of(folder, step) for folder, step in asked["places"]]
        for told in measure(places, Path(asked["data"]), asked["resolution"], asked["images"]):
            print(json.dumps(told), flush=True)
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
