"""What is said of the test images is what the network says, image by image."""

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from engine.training.data import ImageSet, InMemoryEvaluation
from engine.training.probes.predictions import SHOWN, Predictions
from tests.engine.conftest import MakeLearner
from tests.engine.training.probes.measuring import measure

CPU = torch.device("cpu")


def test_the_matrix_and_the_extremes_are_those_of_plain_loops(make_learner: MakeLearner) -> None:
    learner = make_learner(model={"name": "small-cnn"}, predictions={"images": 600})
    learner.take_step()
    torch.manual_seed(0)
    stored = ImageSet(torch.randint(0, 256, (600, 1, 8, 8), dtype=torch.uint8), torch.randint(0, 10, (600,)))
    test = InMemoryEvaluation(stored, learner.experiment, CPU)
    *_, last = measure(Predictions(), learner, test, test)
    learner.model.module.eval()
    expected, losses = np.zeros((10, 10)), []
    for batch in test.batches():
        with torch.no_grad():
            logits = learner.model.module(batch.images)
        for one, label in zip(logits, batch.labels.tolist(), strict=True):
            expected[label, int(one.argmax())] += 1
            losses.append(cross_entropy(one[None], torch.tensor([label])).item())
    assert np.array_equal(last.arrays["confusion"], expected)
    assert last.facts["accuracy"] == np.trace(expected) / 600
    order = np.argsort(losses)[::-1]
    chosen = [*order[:SHOWN], *order[-SHOWN:]]
    assert np.allclose(last.arrays["loss"], np.array(losses)[chosen], atol=1e-5)
    assert np.array_equal(last.arrays["pictures"], stored.images[chosen].flatten(1).double().numpy())
    assert np.array_equal(last.arrays["truth"], stored.labels[chosen].double().numpy())
    assert last.arrays["shape"].tolist() == [1, 8, 8]
    assert ((last.arrays["certainty"] > 0.1 - 1e-6) & (last.arrays["certainty"] <= 1)).all()


def test_so_many_images_are_looked_at_as_are_asked_for(make_learner: MakeLearner) -> None:
    learner = make_learner(model={"name": "mlp"}, predictions={"images": 20})
    stored = ImageSet(torch.zeros(100, 1, 8, 8, dtype=torch.uint8), torch.randint(0, 10, (100,)))
    test = InMemoryEvaluation(stored, learner.experiment, CPU)
    before = learner.model.weights.clone()
    *_, last = measure(Predictions(), learner, test, test)
    assert last.arrays["confusion"].sum() == last.facts["images"] == 20
    assert len(last.arrays["loss"]) == 16
    assert torch.equal(learner.model.weights, before)


def test_points_are_no_pictures(make_learner: MakeLearner) -> None:
    learner = make_learner(data={"name": "moons"}, model={"name": "mlp"}, predictions={"images": 16})
    stored = ImageSet(torch.randint(0, 256, (16, 2, 1, 1), dtype=torch.uint8), torch.randint(0, 2, (16,)))
    test = InMemoryEvaluation(stored, learner.experiment, CPU)
    *_, last = measure(Predictions(), learner, test, test)
    assert "pictures" not in last.arrays
    assert last.arrays["confusion"].shape == (2, 2)
