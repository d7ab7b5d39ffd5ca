"""Evaluation gives the mean over exactly the images it says."""

import pytest
import torch
import torch.nn.functional as F

from engine.training.data import ImageSet, InMemoryEvaluation
from engine.training.probes.evaluate import Evaluator
from tests.engine.conftest import MakeLoop


def images(count: int) -> ImageSet:
    return ImageSet(torch.randint(0, 256, (count, 1, 8, 8), dtype=torch.uint8), torch.randint(0, 10, (count,)))


def test_means_are_over_all_images(make_loop: MakeLoop) -> None:
    loop = make_loop()
    test, train = (InMemoryEvaluation(images(n), loop.experiment, torch.device("cpu")) for n in (700, 50))
    found = Evaluator(test, train, None, lambda: None).measure(loop)
    whole = next(test.batches(size=700))
    logits = loop.replica.module.eval()(whole.images)
    assert found["test/loss"] == pytest.approx(F.cross_entropy(logits, whole.labels).item(), rel=1e-4)
    assert found["test/accuracy"] == pytest.approx((logits.argmax(1) == whole.labels).float().mean().item())
    assert found.keys() == {"test/loss", "test/accuracy", "train_eval/loss", "train_eval/accuracy"}


def test_a_part_of_the_test_images_is_always_the_same_part(make_loop: MakeLoop) -> None:
    loop = make_loop()
    test, train = (InMemoryEvaluation(images(n), loop.experiment, torch.device("cpu")) for n in (400, 10))
    part = next(test.batches(size=100, limit=100))
    logits = loop.replica.module.eval()(part.images)
    for _ in range(2):
        found = Evaluator(test, train, 100, lambda: None).measure(loop)
        assert found["test/loss"] == pytest.approx(F.cross_entropy(logits, part.labels).item(), rel=1e-4)


def test_an_average_is_evaluated_beside_the_weights(make_loop: MakeLoop) -> None:
    loop = make_loop(averaging={"kind": "ema"})
    loop.train()
    test, train = (InMemoryEvaluation(images(n), loop.experiment, torch.device("cpu")) for n in (20, 20))
    found = Evaluator(test, train, None, lambda: None).measure(loop)
    assert {"test_average/loss", "train_eval_average/accuracy"} < found.keys()
