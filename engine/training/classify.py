"""`python -m engine.training.classify RUN`: what the network of a run says of drawings, for as long as somebody draws.

Each line of standard input is {"ink": rows of numbers from 0 to 1}, each line of standard output what `Classifier.read` gives, or
{"problem": why it cannot be read}. The weights are those of the newest checkpoint at the time.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from engine.errors import Problem, Refused
from engine.experiment.dataset_info import classes, input_shape
from engine.runs.checkpoints import checkpoints
from engine.runs.run import Run
from engine.training import models
from engine.training.trainer.checkpointer import load_newest
from engine.training.weights.flat_model import FlatModel

CPU = torch.device("cpu")


class Classifier:
    """The network of a run, in eval mode, at the weights of its newest checkpoint."""

    def __init__(self, run: Run) -> None:
        self._folder, self._experiment = run.path / "checkpoints", run.experiment
        module = models.build(self._experiment, input_shape(self._experiment), classes(self._experiment), self._experiment.root)
        self._model = FlatModel(module, CPU)
        self._model.module.eval()
        self._step: int | None = None

    @torch.no_grad()
    def read(self, ink: Tensor) -> dict[str, Any]:
        """The step of the weights, the probability of each class, and the picture that the network sees, row by row.

        Raises `Refused` if there is no checkpoint yet.
        """
        self._load()
        dataset = self._experiment.dataset
        shape = input_shape(self._experiment)
        picture = as_stored(ink, (shape[1], shape[2]), dataset.drawn_margin or 0)
        mean, std = (torch.tensor(values)[:, None, None] for values in (dataset.mean, dataset.std))
        answer = self._model.module((picture.expand(1, *shape) - mean) / std).softmax(1)[0]
        if not answer.isfinite().all():
            raise Refused(Problem("run", f"has weights at step {self._step} that answer nothing", "Choose another run"))
        pixels = (255 * picture[0]).round().flatten().int().tolist()
        return {"step": self._step, "probabilities": answer.tolist(), "pixels": pixels, "shape": [1, *shape[1:]]}

    def _load(self) -> None:
        newest = max((found.step for found in checkpoints(self._folder)), default=None)
        if newest is not None and newest == self._step:
            return
        state, _ = load_newest(self._folder, CPU)
        if state is None:
            raise Refused(Problem("run", "has no checkpoint yet", "Wait for the first, or press Checkpoint now"))
        self._model.weights.copy_(state["loop"]["weights"])
        self._model.restore_buffers(state["loop"]["buffers"])
        self._step = newest


def as_stored(ink: Tensor, size: tuple[int, int], margin: float) -> Tensor:
    """A drawing (H, W) as the images of a set are: cut out, made square, shrunk to (1, height, width) with a `margin` left free.

    `margin` is a share of the side. A drawing without ink is a blank picture.
    """
    rows, columns = ((ink > 0).any(side).nonzero().flatten() for side in (1, 0))
    if not len(rows):
        return ink.new_zeros(1, *size)
    drawn = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    high, wide = drawn.shape
    side = round(max(high, wide) / (1 - 2 * margin))
    left, top = (side - wide) // 2, (side - high) // 2
    square = pad(drawn, (left, side - wide - left, top, side - high - top))
    return interpolate(square[None, None], size, mode="area")[0]


def main(folder: str) -> None:
    """Answer until standard input ends."""
    os.nice(5)  # a training may be on the same processor
    torch.set_num_threads(1)
    classifier = Classifier(Run(Path(folder)))
    for line in sys.stdin:
        try:
            answer = classifier.read(torch.tensor(json.loads(line)["ink"], dtype=torch.float32))
        except Refused as error:
            answer = {"problem": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
