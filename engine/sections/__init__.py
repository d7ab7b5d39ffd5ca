"""The sections of an experiment, each field with the text of its tooltip."""

from engine.experiment.data import BuiltIn, Data, Folder, ImageNet, ModelChoice
from engine.experiment.optimization import Adam, AdamW, Averaging, Optimizer, Schedule, SGDOptimizer
from engine.experiment.runtime import Landscape, Runtime

__all__ = [
    "Adam",
    "AdamW",
    "Averaging",
    "BuiltIn",
    "Data",
    "Folder",
    "ImageNet",
    "Landscape",
    "ModelChoice",
    "Optimizer",
    "Runtime",
    "SGDOptimizer",
    "Schedule",
]
