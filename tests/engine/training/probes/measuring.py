"""Measure by a probe from its beginning to its end."""

import torch

from engine.training.data import EvaluationSource, ImageSet, InMemoryEvaluation, Sources
from engine.training.probes.probe import Measured, Probe
from engine.training.step.learner import Learner


def measure(probe: Probe, learner: Learner, test: EvaluationSource, plain: EvaluationSource) -> list[Measured]:
    """All that the probe yields."""
    return list(probe.measure(learner, Sources(learner.data, plain, test)))


def images(learner: Learner, count: int) -> InMemoryEvaluation:
    """So many random images of 8 × 8 as they are evaluated."""
    pictures = torch.randint(0, 256, (count, 1, 8, 8), dtype=torch.uint8)
    return InMemoryEvaluation(ImageSet(pictures, torch.randint(0, 10, (count,))), learner.experiment, torch.device("cpu"))
