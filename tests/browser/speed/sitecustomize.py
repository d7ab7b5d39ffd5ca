"""Every engine that is started with this folder on its path is about ten times faster or slower, as RWP_TEST_SPEED says."""

import os
import sys
import time
from dataclasses import replace
from typing import Any


def quicken() -> None:
    """One layer takes the place of every network."""
    from engine.catalogue import MODELS

    for name, row in MODELS.items():
        MODELS[name] = replace(row, build="one_layer:one_layer")


def slow_down() -> None:
    """After each step the engine waits for nine times as long as it took."""
    from engine.training.step.learner import Learner

    train = Learner.take_step

    def slowly(learner: Learner) -> dict[str, Any]:
        began = time.perf_counter()
        values = train(learner)
        time.sleep(9 * (time.perf_counter() - began))
        return values

    Learner.take_step = slowly  # type: ignore[method-assign]


if "engine" in sys.orig_argv:
    {"fast": quicken, "slow": slow_down}[os.environ["RWP_TEST_SPEED"]]()
