"""The first mini-batch as the network sees it: cropped, turned, erased and mixed."""

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.datasets import Dataset
from engine.training.data import Batch
from engine.training.probes.predictions import as_stored, shrunk

SHOWN = 32


def first_batch(batch: Batch, dataset: Dataset) -> dict[str, NDArray[np.float64]]:
    """Of 32 images at most `pictures` (n, C·H·W) from 0 to 255, of `shape` (3,), and their `label` (n,).

    Where two images are mixed, `partner` (n,) is the label of the other, and `share` (n,) how much there is of the first.
    """
    images, labels = shrunk(batch.images[:SHOWN]), batch.labels[:SHOWN]
    mixed = {}
    if batch.partners is not None:
        share = np.broadcast_to(np.asarray(batch.share, dtype=np.float64), (len(labels),))
        mixed = {"partner": batch.partners[:SHOWN].double().cpu().numpy(), "share": np.array(share)}
    pictures = {"pictures": as_stored(images, dataset), "shape": np.array(images.shape[1:], dtype=np.float64)}
    return {**pictures, "label": labels.double().cpu().numpy(), **mixed}
