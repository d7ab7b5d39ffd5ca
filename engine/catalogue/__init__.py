"""The models and datasets there are, as rows: adding one is a function and a row."""

from engine.catalogue.datasets import DATASETS, Dataset
from engine.catalogue.models import MODELS, Model

__all__ = ["DATASETS", "MODELS", "Dataset", "Model"]
