"""The decision boundary: what a network answers everywhere on the plane that its points lie on."""

import numpy as np
import torch
from numpy.typing import NDArray

from engine.catalogue.datasets import REACH
from engine.training.data import EvaluationSource
from engine.training.weights.flat_model import FlatModel

SIDE = 41


@torch.no_grad()
def decision(model: FlatModel) -> dict[str, NDArray[np.float64]]:
    """How probable class 1 is (41, 41), rows along y, at the places `plane` (41,) of both axes; the network is in eval mode."""
    axis = torch.linspace(-REACH, REACH, SIDE, device=model.weights.device)
    down, across = torch.meshgrid(axis, axis, indexing="ij")
    places = torch.stack([across, down], -1).view(-1, 2, 1, 1)
    answers = model.module(places).softmax(1)[:, 1].view(SIDE, SIDE)
    return {"decision": answers.double().cpu().numpy(), "plane": axis.double().cpu().numpy()}


def points(images: EvaluationSource) -> dict[str, NDArray[np.float64]]:
    """Where the points lie, `x` and `y` (n,), and what class each is said to be, `label` (n,)."""
    batches = list(images.batches())
    places = torch.cat([batch.images for batch in batches]).flatten(1).double().cpu().numpy()
    return {"x": places[:, 0], "y": places[:, 1], "label": torch.cat([batch.labels for batch in batches]).double().cpu().numpy()}
