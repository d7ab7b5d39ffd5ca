"""Sets of images, whole on the device, and the batches drawn from them."""

from engine.datasets.images import Batch, ImageSet, Splits
from engine.datasets.loading import load
from engine.datasets.progress import Progress
from engine.datasets.sampler import EvaluationData, TrainingData

__all__ = ["Batch", "EvaluationData", "ImageSet", "Progress", "Splits", "TrainingData", "load"]
