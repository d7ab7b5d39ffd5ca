"""A drawing is read as the images of its set are, by the network at its newest checkpoint."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.catalogue import DATASETS
from engine.errors import Refused
from engine.experiment.schema import read
from engine.runs.run import Run
from engine.training.classify import Classifier, as_stored
from engine.training.data import load
from tests.engine.runs.test_lineage import CONFIG, trained, training
from tests.engine.training.trainer.test_probe_runner import update


def ink(*rows: str) -> torch.Tensor:
    return torch.tensor([[float(cell == "#") for cell in row] for row in rows])


def test_a_drawing_is_cut_out_made_square_and_shrunk() -> None:
    drawn = ink("........", "..##....", "..##....", "..##....", "..##....", "........")
    assert as_stored(drawn, (4, 4), 0.0)[0].tolist() == [[0, 1, 1, 0]] * 4
    assert as_stored(drawn, (2, 2), 0.0)[0].tolist() == [[0.5, 0.5]] * 2


def test_a_margin_is_left_free_and_a_drawing_without_ink_is_blank() -> None:
    found = as_stored(torch.ones(64, 64), (28, 28), DATASETS["mnist"].drawn_margin or 0)[0]
    assert (found[4:24, 4:24] > 0.4).all()
    assert not found[:3].any()
    assert not found[:, 25:].any()
    assert not as_stored(torch.zeros(64, 64), (8, 8), 0.0).any()


def test_an_image_of_the_set_is_read_as_the_network_reads_it(tmp_path: Path) -> None:
    """Drawn eight times as large: shrunk, it is itself again, where its ink reaches from edge to edge."""
    run = trained(tmp_path)
    images = load(run.experiment, tmp_path, lambda *_: None).test
    chosen = next(image for image in images.images if image[0].any(0).all() and image[0].any(1).all())  # type: ignore[union-attr]
    found = Classifier(run).read((chosen[0] / 255).repeat_interleave(8, 0).repeat_interleave(8, 1))
    assert found["pixels"] == chosen.flatten().tolist()
    assert found["shape"] == [1, 8, 8]
    dataset = run.experiment.dataset
    with training(Run.create(tmp_path / "again", read(CONFIG))) as made:
        update(made, made.learner.steps)
        made.learner.model.module.eval()
        with torch.no_grad():
            logits = made.learner.model.module((chosen[None] / 255 - dataset.mean[0]) / dataset.std[0])
    assert found["probabilities"] == pytest.approx(logits.softmax(1)[0].tolist(), abs=1e-4)
    assert (found["step"], np.sum(found["probabilities"])) == (16, pytest.approx(1))


def test_newer_weights_answer_as_soon_as_they_are_there(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read(CONFIG))
    with training(run) as made:
        classifier, drawn = Classifier(run), torch.ones(64, 64)
        with pytest.raises(Refused, match="has no checkpoint yet"):
            classifier.read(drawn)
        answers: list[dict[str, Any]] = []
        for _ in range(2):
            update(made, 4)
            made._save()
            answers.append(classifier.read(drawn))
    assert [answer["step"] for answer in answers] == [4, 8]
    assert answers[0]["probabilities"] != answers[1]["probabilities"]


def test_weights_that_are_no_numbers_answer_nothing(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read(CONFIG))
    with training(run) as made:
        made.learner.model.weights.fill_(torch.nan)
        made.learner.step = 1
        made._save()
    with pytest.raises(Refused, match="answer nothing"):
        Classifier(run).read(torch.ones(64, 64))
