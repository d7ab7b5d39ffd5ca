"""Probes: measurements that leave the training as it was."""

from engine.training.probes.density import Density
from engine.training.probes.evaluate import Evaluation
from engine.training.probes.flatness import Flatness
from engine.training.probes.landscape import LossLandscape
from engine.training.probes.perturbation import PerturbationByLayer
from engine.training.probes.predictions import Predictions
from engine.training.probes.probe import Probe
from engine.training.probes.radius import LossAgainstRadius
from engine.training.probes.spectrum import Sharpness

EVALUATION = Evaluation()
TAKING_TURNS: tuple[Probe, ...] = (
    LossLandscape(),
    Sharpness(),
    Flatness(),
    Density(),
    LossAgainstRadius(),
    PerturbationByLayer(),
    Predictions(),
)
"""Those that work on a copy of the network, while the training goes on."""
