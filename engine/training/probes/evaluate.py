"""Loss and accuracy on whole sets, at the unperturbed weights and in eval mode."""

from collections.abc import Iterator

import torch
from torch import Tensor

from engine.training.data import Batch, EvaluationSource, Sources
from engine.training.probes.probe import RECALIBRATION_IMAGES, Measured, copy_of
from engine.training.step.learner import Learner
from engine.training.weights.averaging import recalibrate
from engine.training.weights.flat_model import FlatModel

TRAINING_IMAGES = 10_000


class Evaluation:
    """Evaluates on the test images, or `data.test_size` of them, and without augmentation on at most 10,000 training images.

    With averaged weights also at those, as test_average/…. It measures the network itself, so no step may be taken meanwhile.
    """

    name = "evaluate"
    title = "Evaluating"

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """Yields after each batch; the last yield has the values."""
        plain, test = sources.plain, sources.test
        tested = min(test.count, learner.experiment.data.test_size or test.count)
        sets = {"test": (test, tested), "train_eval": (plain, min(plain.count, TRAINING_IMAGES))}
        models = {"": learner.model}
        if learner.experiment.method.statistics == "recalibrate":
            recalibrate(learner.model, plain.batches(limit=RECALIBRATION_IMAGES))
        if (average := learner.average_weights) is not None and average.count:
            models["_average"] = _averaged(learner.model, average.weights, plain)
        whole, done = len(models) * sum(count for _, count in sets.values()), 0
        found: dict[str, float] = {}
        for suffix, model in models.items():
            model.module.eval()
            for name, (images, count) in sets.items():
                sums, seen = torch.zeros(2, dtype=torch.float64), 0
                for batch in images.batches(limit=count):
                    sums += totals(model, batch)
                    seen += len(batch.labels)
                    yield Measured((done + seen) / whole)
                found[f"{name}{suffix}/loss"], found[f"{name}{suffix}/accuracy"] = (sums / seen).tolist()
                done += count
        yield Measured(1.0, scalars=found)


def _averaged(model: FlatModel, weights: Tensor, images: EvaluationSource) -> FlatModel:
    """A network of its own at the averaged weights, with BatchNorm statistics that fit them."""
    other = copy_of(model)
    other.weights.copy_(weights)
    recalibrate(other, images.batches(limit=RECALIBRATION_IMAGES))
    return other


@torch.no_grad()
def totals(model: FlatModel, batch: Batch) -> Tensor:
    """Summed cross-entropy and number of correct answers on `batch`, float64 of shape (2,) on the CPU."""
    logits = model.module(batch.images)
    loss = torch.nn.functional.cross_entropy(logits, batch.labels, reduction="sum")
    return torch.stack([loss, (logits.argmax(1) == batch.labels).sum()]).double().cpu()


def average(model: FlatModel, batches: list[Batch]) -> tuple[float, float]:
    """Mean cross-entropy and accuracy over all images of `batches`, in the mode in which the module is."""
    count = sum(len(batch.labels) for batch in batches)
    loss, correct = (torch.stack([totals(model, batch) for batch in batches]).sum(0) / count).tolist()
    return loss, correct
