"""Trainings that several processes make together. `python -m tests.engine.training.streams.ranks FOLDER CASE…` is one of them."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.experiment.overrides import merge
from engine.experiment.schema import UNIONS, Experiment, read
from engine.experiment.seeds import seed_for
from engine.training.data import Batch, InMemoryTraining, Splits, load
from engine.training.models.seeded_dropout import Dropout
from engine.training.process_group import ALONE, ProcessGroup, join
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel

STEPS = 20
BASE = {
    "data": {"train_size": 96, "crop_padding": 1, "cutout": 2, "flip": True, "mixup": 0.2},
    "schedule": {"epochs": 4, "batch_size": 16},
    "optimizer": {"lr": 0.05},
}
MIXED = {
    "m-rwp": {"name": "m-rwp"},
    "m-arwp": {"name": "m-arwp", "lambda": 0.3},
    "same batch": {"name": "m-arwp", "batches": "same"},
    "perturbed statistics": {"name": "m-rwp", "bn_statistics": "perturbed"},
}
CASES: dict[str, dict[str, Any]] = {
    **{f"{name}, float32": merge(BASE, {"method": method}) for name, method in MIXED.items()},
    **{name: merge(BASE, {"method": {"name": name}}) for name in UNIONS["method"]},
    "lpf-sgd": merge(BASE, {"method": {"name": "lpf-sgd", "draws": 2}}),
    "sam, accumulated": merge(BASE, {"method": {"name": "sam"}, "runtime": {"accumulate": 2}}),
    "sam, m-sharpness": merge(BASE, {"method": {"name": "sam", "m_sharpness": 8}}),
}
APART = {
    f"{name}, apart": merge(BASE, {"method": {"name": name}, "runtime": {"ascent": "per-process"}})
    for name in ("sam", "fsam", "gsam")
}


class DoubleData(InMemoryTraining):
    """Batches in float64, in which the order of a sum does not tip a ReLU."""

    def batch(self, stream: int, step: int) -> Batch:
        return replace(batch := super().batch(stream, step), images=batch.images.double())


@cache
def digits(experiment: Experiment) -> Splits:
    return load(experiment, Path("unused"), lambda _message, _fraction: None)


def loop_of(config: dict[str, Any], name: str, group: ProcessGroup = ALONE) -> Learner:
    """A small network with BatchNorm and dropout on varied digits, in float64 unless the name of the case says otherwise."""
    experiment = read(config)
    torch.manual_seed(seed_for(experiment.seed, "init"))
    module = nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 12, 3, 2, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.Flatten(),
        Dropout(0.2),
        nn.Linear(48, 10),
    )
    images = digits(read({"data": config["data"], "schedule": {"batch_size": 2}})).train
    device = torch.device("cpu")
    if name.endswith("float32"):
        return Learner(experiment, FlatModel(module, device), InMemoryTraining(images, experiment, device), group)
    return Learner(experiment, FlatModel(module.double(), device), DoubleData(images, experiment, device), group)


def trained(learner: Learner, way: str) -> dict[str, Any]:
    """Twenty steps: what each was seen to do, and the checkpoint at the end."""
    chosen = learner.choose_streams(way).way
    return {"way": chosen, "curves": [learner.take_step() for _ in range(STEPS)], "state": learner.state_dict()}


def main(folder: Path, *names: str) -> None:
    torch.set_num_threads(1)
    group = join()
    found = {name: trained(loop_of((CASES | APART)[name], name, group), "distributed") for name in names}
    torch.save(found, folder / f"rank-{group.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
