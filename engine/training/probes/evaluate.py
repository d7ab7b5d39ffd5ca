"""Loss and accuracy on whole sets, at the unperturbed weights and in eval mode."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from engine.training.data import Batch, EvaluationSource
from engine.training.step.learner import Learner
from engine.training.weights.averaging import recalibrate
from engine.training.weights.flat_model import FlatModel

TRAINING_IMAGES = 10_000
RECALIBRATION_IMAGES = 4096


class Evaluator:
    """Evaluates on the test images and, without augmentation, on at most 10,000 training images.

    `test_size` evaluates on that many of the test images, always the same ones; None on all.
    """

    def __init__(self, test: EvaluationSource, train: EvaluationSource, test_size: int | None, obey: Callable[[], None]) -> None:
        tested = min(test.count, test_size or test.count)
        self._sets = {"test": (test, tested), "train_eval": (train, min(train.count, TRAINING_IMAGES))}
        self._train = train
        self._obey = obey

    def measure(self, loop: Learner) -> dict[str, float]:
        """Values by TensorBoard tag; with averaged weights also those of the average, as test_average/…"""
        if loop.experiment.method.statistics == "recalibrate":
            recalibrate(loop.replica, self._train.batches(limit=RECALIBRATION_IMAGES))
        found = self._of(loop.replica, "")
        if loop.average_weights is not None and loop.average_weights.count:
            found |= self._of(self._averaged(loop.replica, loop.average_weights.weights), "_average")
        return found

    def _averaged(self, replica: FlatModel, weights: Tensor) -> FlatModel:
        """A network of its own at the averaged weights, with BatchNorm statistics that fit them."""
        other = FlatModel(copy.deepcopy(replica.module), weights.device)
        other.weights.copy_(weights)
        recalibrate(other, self._train.batches(limit=RECALIBRATION_IMAGES))
        return other

    def _of(self, replica: FlatModel, suffix: str) -> dict[str, float]:
        replica.module.eval()
        values = {}
        for name, (data, count) in self._sets.items():
            sums, seen = torch.zeros(2, dtype=torch.float64), 0
            for batch in data.batches(limit=count):
                sums += totals(replica, batch)
                seen += len(batch.labels)
                self._obey()
            values[f"{name}{suffix}/loss"], values[f"{name}{suffix}/accuracy"] = (sums / seen).tolist()
        return values


@torch.no_grad()
def totals(replica: FlatModel, batch: Batch) -> Tensor:
    """Summed cross-entropy and number of correct answers on `batch`, float64 of shape (2,) on the CPU."""
    logits = replica.module(batch.images)
    loss = torch.nn.functional.cross_entropy(logits, batch.labels, reduction="sum")
    return torch.stack([loss, (logits.argmax(1) == batch.labels).sum()]).double().cpu()


def average(replica: FlatModel, batches: list[Batch]) -> tuple[float, float]:
    """Mean cross-entropy and accuracy over all images of `batches`, in the mode in which the module is."""
    count = sum(len(batch.labels) for batch in batches)
    loss, correct = (torch.stack([totals(replica, batch) for batch in batches]).sum(0) / count).tolist()
    return loss, correct
