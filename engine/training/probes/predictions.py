"""Predictions: which classes are taken for which, and the test images that are read best and worst."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate

from engine.catalogue.datasets import Dataset
from engine.training.data import Batch, Sources
from engine.training.probes.probe import Measured, as_evaluated
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel

SHOWN = 8
"""Images that are read best, and as many that are read worst."""
SIDE = 64
"""Pixels of the longer side of a picture that is shown."""


class Predictions:
    """The confusion matrix of the test images, and those of smallest and of largest loss."""

    name = "predictions"
    title = "Looking at predictions"

    def measure(self, learner: Learner, sources: Sources) -> Iterator[Measured]:
        """The last yield has `confusion` (classes, classes), with a row for each true class.

        For 16 images at most, the worst first, it has `loss`, `truth`, `answer` and `certainty` (n,), and where they are pictures
        `pictures` (n, C·H·W) from 0 to 255, of `shape` (3,).
        """
        model, dataset = as_evaluated(learner, sources.plain), learner.experiment.dataset
        limit = min(learner.experiment.predictions.images, sources.test.count)
        kept, confusion = dict[str, Tensor](), torch.zeros(0)
        seen = 0
        for batch in sources.test.batches(limit=limit):
            found = answers(model, batch)
            classes = int(found.pop("classes"))
            counts = torch.bincount(found["truth"] * classes + found["answer"], minlength=classes**2).view(classes, classes)
            confusion = confusion + counts if len(confusion) else counts
            kept = extremes({name: torch.cat([kept[name], new]) if kept else new for name, new in found.items()})
            seen += len(batch)
            yield Measured(seen / limit)
        pictures = shrunk(kept.pop("images"))
        arrays = {"confusion": _plain(confusion), **{name: _plain(values) for name, values in kept.items()}}
        if not dataset.is_plane:
            arrays |= {"pictures": as_stored(pictures, dataset), "shape": np.array(pictures.shape[1:], dtype=np.float64)}
        accuracy = confusion.diagonal().sum().item() / seen
        yield Measured(1.0, arrays=arrays, facts={"done": True, "images": seen, "accuracy": accuracy})


@torch.no_grad()
def answers(model: FlatModel, batch: Batch) -> dict[str, Tensor]:
    """What the network says of each image (n,), the images themselves (n, C, H, W), and how many classes there are."""
    logits = model.module(batch.images).float()
    certainty, answer = logits.softmax(1).max(1)
    loss = cross_entropy(logits, batch.labels, reduction="none")
    said = {"loss": loss, "truth": batch.labels, "answer": answer, "certainty": certainty, "images": batch.images}
    return {**said, "classes": torch.tensor(logits.shape[1])}


def extremes(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of all that was found, the rows of largest loss and those of smallest, the largest first."""
    order = found["loss"].argsort(descending=True, stable=True)
    chosen = order if len(order) <= 2 * SHOWN else torch.cat([order[:SHOWN], order[-SHOWN:]])
    return {name: values[chosen] for name, values in found.items()}


def shrunk(images: Tensor) -> Tensor:
    """Images (n, C, H, W) no larger than they are shown."""
    longest = max(images.shape[2:])
    return images if longest <= SIDE else interpolate(images, scale_factor=SIDE / longest, mode="area")


def as_stored(images: Tensor, dataset: Dataset) -> NDArray[np.float64]:
    """Normalised images (n, C, H, W) as they were before, from 0 to 255: (n, C·H·W)."""
    mean, std = (torch.tensor(values, device=images.device)[:, None, None] for values in (dataset.mean, dataset.std))
    return _plain(((images * std + mean) * 255).round().clamp(0, 255).flatten(1))


def _plain(values: Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values.double().cpu().numpy()
    return found
