"""Products of the Hessian, λ₁, trace and density against curvlinops, where it is installed (`pip install -e '.[oracle]'`)."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.training.probes.density import Density
from engine.training.probes.hessian import HessianProducts
from engine.training.probes.spectrum import Sharpness
from engine.training.step.learner import Learner
from tests.engine.training.probes.measuring import measure
from tests.engine.training.probes.test_spectrum import DoubleBatches, small

curvlinops = pytest.importorskip("curvlinops")
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")  # of what it uses itself


def oracle(learner: Learner, images: DoubleBatches) -> Any:
    """The Hessian of the mean loss over all images, as a linear operator of theirs, with as many rows as there are weights."""
    data = [(batch.images, batch.labels) for batch in images.batches()]
    module = learner.model.module.eval()
    return curvlinops.HessianLinearOperator(module, nn.CrossEntropyLoss(), list(module.parameters()), data)


def finished(product: Any) -> torch.Tensor:
    """What remains to be taken from a generator that measures."""
    while True:
        try:
            next(product)
        except StopIteration as end:
            found: torch.Tensor = end.value
            return found


@pytest.fixture
def both() -> tuple[Learner, DoubleBatches, torch.Tensor]:
    learner, images = small(nn.Tanh, spectrum={"tolerance": 1e-8}, density={"images": 64, "draws": 40, "iterations": 60})
    operator = oracle(learner, images)
    matrix = operator @ torch.eye(len(learner.model.weights), dtype=torch.float64)
    return learner, images, matrix


def test_products_are_the_same(both: tuple[Learner, DoubleBatches, torch.Tensor]) -> None:
    learner, images, matrix = both
    vector = torch.randn(len(matrix), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = finished(HessianProducts(learner.model, list(images.batches())).times(vector, 0.0))
    assert torch.allclose(found, matrix @ vector, rtol=1e-9, atol=1e-12)


def test_the_largest_eigenvalue_is_the_same(both: tuple[Learner, DoubleBatches, torch.Tensor]) -> None:
    learner, images, matrix = both
    *_, last = measure(Sharpness(), learner, images, images)
    assert last.scalars["sharpness/lambda_1"] == pytest.approx(torch.linalg.eigvalsh(matrix).max().item(), rel=1e-5)


def test_trace_and_density_are_the_same(both: tuple[Learner, DoubleBatches, torch.Tensor]) -> None:
    learner, images, matrix = both
    *_, last = measure(Density(), learner, images, images)
    eigenvalues = torch.linalg.eigvalsh(matrix).numpy()
    assert abs(last.facts["trace"] - eigenvalues.sum()) < 4 * last.facts["trace_error"]
    for power in (1, 2, 3):
        moments = (last.arrays["nodes"] ** power * last.arrays["weights"]).sum(1)
        error = moments.std(ddof=1) / len(moments) ** 0.5
        assert abs(moments.mean() - np.mean(eigenvalues**power)) < 4 * error
