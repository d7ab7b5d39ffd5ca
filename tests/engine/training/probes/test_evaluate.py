"""Evaluation gives the mean over exactly the images it says."""

import pytest
import torch.nn.functional as F

from engine.training.data import EvaluationSource
from engine.training.probes import EVALUATION
from engine.training.step.learner import Learner
from tests.engine.conftest import MakeLearner
from tests.engine.training.probes.measuring import images, measure


def evaluated(learner: Learner, test: EvaluationSource, plain: EvaluationSource) -> dict[str, float]:
    *_, last = measure(EVALUATION, learner, test, plain)
    return last.scalars


def test_means_are_over_all_images(make_learner: MakeLearner) -> None:
    learner = make_learner()
    test, train = (images(learner, n) for n in (700, 50))
    found = evaluated(learner, test, train)
    whole = next(test.batches(size=700))
    logits = learner.model.module.eval()(whole.images)
    assert found["test/loss"] == pytest.approx(F.cross_entropy(logits, whole.labels).item(), rel=1e-4)
    assert found["test/accuracy"] == pytest.approx((logits.argmax(1) == whole.labels).float().mean().item())
    assert found.keys() == {"test/loss", "test/accuracy", "train_eval/loss", "train_eval/accuracy"}


def test_a_part_of_the_test_images_is_always_the_same_part(make_learner: MakeLearner) -> None:
    learner = make_learner(data={"test_size": 100})
    test, train = (images(learner, n) for n in (400, 10))
    part = next(test.batches(size=100, limit=100))
    logits = learner.model.module.eval()(part.images)
    for _ in range(2):
        found = evaluated(learner, test, train)
        assert found["test/loss"] == pytest.approx(F.cross_entropy(logits, part.labels).item(), rel=1e-4)


def test_an_average_is_evaluated_beside_the_weights(make_learner: MakeLearner) -> None:
    learner = make_learner(averaging={"kind": "ema"})
    learner.take_step()
    test, train = (images(learner, n) for n in (20, 20))
    found = evaluated(learner, test, train)
    assert {"test_average/loss", "train_eval_average/accuracy"} < found.keys()


def test_its_progress_rises_to_the_end(make_learner: MakeLearner) -> None:
    learner = make_learner(averaging={"kind": "ema"})
    learner.take_step()
    fractions = [found.fraction for found in measure(EVALUATION, learner, images(learner, 2000), images(learner, 300))]
    assert len(fractions) > 3
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
