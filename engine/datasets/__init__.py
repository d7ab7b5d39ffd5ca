"""Sets of images, whole on the device or read while the training goes on, and the batches drawn from them."""

from engine.datasets.images import Batch, ImageSet, Splits
from engine.datasets.loading import load
from engine.datasets.progress import Progress
from engine.datasets.sampler import EvaluationData, TrainingData
from engine.datasets.supply import EvaluationSource, Supply, TrainingSource

__all__ = [
    "Batch",
    "EvaluationData",
    "EvaluationSource",
    "ImageSet",
    "Progress",
    "Splits",
    "Supply",
    "TrainingData",
    "TrainingSource",
    "load",
]
