"""Sets of images, whole on the device or read while the training goes on, and the batches drawn from them."""

from engine.training.data.in_memory import EvaluationData, TrainingData
from engine.training.data.load import load
from engine.training.data.progress import Progress
from engine.training.data.source import EvaluationSource, Supply, TrainingSource
from engine.training.data.types import Batch, ImageSet, Splits

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
