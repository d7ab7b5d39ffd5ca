"""Sets of images, whole on the device or read while the training goes on, and the batches drawn from them."""

from engine.training.data.in_memory import InMemoryEvaluation, InMemoryTraining
from engine.training.data.load import load
from engine.training.data.progress import Progress
from engine.training.data.source import EvaluationSource, Sources, TrainingSource
from engine.training.data.types import Batch, ImageSet, Splits

__all__ = [
    "Batch",
    "EvaluationSource",
    "ImageSet",
    "InMemoryEvaluation",
    "InMemoryTraining",
    "Progress",
    "Sources",
    "Splits",
    "TrainingSource",
    "load",
]
