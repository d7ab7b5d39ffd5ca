"""A training loop on the digits, without a run folder around it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.experiment.schema import Experiment, read
from engine.training import models
from engine.training.data import Batch, InMemoryTraining, Splits, load
from engine.training.step.learner import Learner
from engine.training.weights.flat_model import FlatModel

MakeLearner = Callable[..., Learner]


class DoubleData(InMemoryTraining):
    """Batches in float64, in which rounding never tips the balance of a max-pool or a ReLU."""

    def batch(self, stream: int, step: int) -> Batch:
        return replace(batch := super().batch(stream, step), images=batch.images.double())


@cache
def loaded(experiment: Experiment) -> Splits:
    return load(experiment, Path("unused"), lambda _message, _fraction: None)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Small networks are no slower on one thread, and much faster where other work shares the cores."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def make_learner() -> MakeLearner:
    """make_loop(method=…, **other sections): a loop on digits with small-cnn, batch 64; in float64 if `double`."""

    def make(double: bool = False, place: str = "cpu", **config: Any) -> Learner:
        config = {"schedule": {"epochs": 2, "batch_size": 64}, **config}
        experiment: Experiment = read(config)
        splits = loaded(read({"seed": experiment.seed, "data": config.get("data", {}), "schedule": {"batch_size": 2}}))
        shape = tuple(splits.train.images.shape[1:])
        module = models.build(experiment, shape, len(splits.classes), experiment.seed)
        device = torch.device(place)
        if double:
            return Learner(experiment, FlatModel(module.double(), device), DoubleData(splits.train, experiment, device))
        return Learner(experiment, FlatModel(module, device), InMemoryTraining(splits.train, experiment, device))

    return make


@pytest.fixture
def silent_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that are started do nothing for half a minute, and never say a word."""
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 30\n")
    silent.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(silent))


class FakeStream:
    """Writes down what a CUDA stream is asked for."""

    said: list[str]

    def __init__(self, device: object, name: str = "side") -> None:
        self.device, self.name = device, name

    def wait_stream(self, other: "FakeStream") -> None:
        self.said.append(f"{self.name} waits for {other.name}")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was said to CUDA, which need not be there."""
    FakeStream.said = []

    @contextmanager
    def stream(chosen: FakeStream) -> Iterator[None]:
        FakeStream.said.append(f"on {chosen.name}")
        yield
        FakeStream.said.append(f"off {chosen.name}")

    monkeypatch.setattr(torch.cuda, "Stream", FakeStream)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: FakeStream(device, "main"))
    return FakeStream.said
