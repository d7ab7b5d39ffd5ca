"""The sections of an experiment, each field with the text of its tooltip."""

from engine.sections.data import BuiltIn, Data, Folder, ImageNet, ModelChoice
from engine.sections.machine import Landscape, Runtime
from engine.sections.training import Adam, AdamW, Averaging, Optimizer, Schedule, SGDOptimizer

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
