"""NaN and infinity in images and gradients: caught before the step, and the last good state is there to go on from."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.experiment.overrides import merge
from engine.experiment.schema import UNIONS, read
from engine.runs.checkpoints import checkpoints
from engine.runs.run import Run
from engine.training.step.learner import Diverged, Learner
from tests.engine.runs.test_lineage import CONFIG, training
from tests.faults.forms import counts
from tests.processes import weights_at_end

SINGLE = merge(CONFIG, {"runtime": {"threads": 1}})
VALUES = (math.nan, math.inf, -math.inf)


def into_an_image(learner: Learner, poison: Callable[[Tensor], Tensor]) -> None:
    given = learner.data.batch

    def batch(stream: int, step: int) -> Any:
        found = given(stream, step)
        return replace(found, images=poison(found.images))

    learner.data.batch = batch  # type: ignore[method-assign]


def into_a_gradient(learner: Learner, poison: Callable[[Tensor], Tensor]) -> None:
    found = learner._streams.run
    learner._streams.run = lambda passes: [replace(one, flat=poison(one.flat)) for one in found(passes)]  # type: ignore[method-assign]


PLACES = {"an image": into_an_image, "a gradient": into_a_gradient}


def poisoning(learner: Learner, at: int, value: float, draws: random.Random) -> Callable[[Tensor], Tensor]:
    """Puts `value` into one element of a tensor during the step that follows step `at`."""

    def poison(tensor: Tensor) -> Tensor:
        if learner.step == at:
            tensor = tensor.clone()
            tensor.view(-1)[draws.randrange(tensor.numel())] = value
        return tensor

    return poison


def diverges(run: Run, place: str, at: int, value: float, draws: random.Random) -> None:
    """Train `run` until it meets the value: the weights are those of before the step, and the checkpoints are good."""
    with training(run) as made:
        PLACES[place](made.learner, poisoning(made.learner, at, value, draws))
        update, weights = made.learner.take_step, [made.learner.model.weights.clone()]

        def train() -> dict[str, float]:
            weights[0] = made.learner.model.weights.clone()
            return update()

        made.learner.take_step = train  # type: ignore[method-assign]
        with pytest.raises(Diverged, match=f"is not finite at step {at + 1}"):
            made.run_to_end()
        assert torch.equal(made.learner.model.weights, weights[0])
    assert checkpoints(run.path / "checkpoints")[-1].step == at // 4 * 4
    assert torch.isfinite(weights_at_end(run)).all()


@cache
def undisturbed(folder: Path, method: str) -> Tensor:
    run = Run.create(folder, read({**SINGLE, "method": {"name": method}}))
    with training(run) as made:
        made.run_to_end()
    return weights_at_end(run)


@counts(10, 50)
def test_numbers_that_are_none(tmp_path: Path, figure: Any, count: int) -> None:
    draws = random.Random(count)
    for i in range(count):
        method, place, value = UNIONS["method"][i % len(UNIONS["method"])], draws.choice(list(PLACES)), draws.choice(VALUES)
        run = Run.create(tmp_path, read({**SINGLE, "method": {"name": method}}))
        diverges(run, place, draws.randrange(16), value, draws)
        with training(run) as made:
            made.run_to_end()
        assert torch.equal(weights_at_end(run), undisturbed(tmp_path, method))
    figure(f"{count} values, with all {len(UNIONS['method'])} methods, caught; all went on to bitwise equal weights")
