"""The first mini-batch is shown as it is learned."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.catalogue import DATASETS
from engine.experiment.overrides import merge
from engine.experiment.schema import read
from engine.runs.run import Run
from engine.training.data import Batch
from engine.training.probes.first_batch import SHOWN, first_batch
from tests.engine.runs.test_lineage import CONFIG, training
from tests.engine.training.trainer.test_probe_runner import told, update


def shown(folder: Path, **data: Any) -> tuple[dict[str, Any], Any]:
    run = Run.create(folder, read(merge(CONFIG, {"data": data})))
    with training(run) as made:
        batch = made.sources.training.batch(0, 0)
        update(made, 2)
    (event,) = told(run, "batch")
    assert event.step == 0
    with np.load(run.path / "arrays" / f"{event.data['array']}.npz") as kept:
        return {name: kept[name] for name in kept.files}, batch


def test_pictures_are_the_images_of_the_first_step_as_they_were_before_they_were_normalised(tmp_path: Path) -> None:
    found, batch = shown(tmp_path)
    assert found["label"].tolist() == batch.labels[:SHOWN].tolist()
    assert found["pictures"].shape == (SHOWN, 64)
    assert found["shape"].tolist() == [1, 8, 8]
    assert ((found["pictures"] >= 0) & (found["pictures"] <= 255) & (found["pictures"] % 1 == 0)).all()
    levels = batch.images[:SHOWN].flatten(1).double().numpy()
    slope, offset = np.polyfit(levels.ravel(), found["pictures"].ravel(), 1)
    assert slope > 0
    assert np.abs(found["pictures"] - (slope * levels + offset)).max() <= 1, "rounded, and nothing else"


def test_mixed_images_have_both_labels_and_the_share_of_the_first(tmp_path: Path) -> None:
    found, batch = shown(tmp_path, mixup=0.8)
    assert found["partner"].tolist() == batch.partners[:SHOWN].tolist()
    assert found["share"] == pytest.approx([batch.share] * SHOWN)


def test_a_small_batch_is_shown_whole(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read(merge(CONFIG, {"schedule": {"batch_size": 4}})))
    with training(run) as made:
        seen = first_batch(made.sources.training.batch(0, 0), made.experiment.dataset)
    assert len(seen["pictures"]) == len(seen["label"]) == 4


def test_large_images_are_shown_no_larger_than_they_need_be() -> None:
    dataset = DATASETS["cifar10"]
    found = first_batch(Batch(torch.zeros(4, 3, 224, 160), torch.zeros(4, dtype=torch.int64)), dataset)
    channels, high, wide = found["shape"].astype(int)
    assert (channels, high) == (3, 64)
    assert 44 < wide < 47
    assert found["pictures"].shape == (4, channels * high * wide)
