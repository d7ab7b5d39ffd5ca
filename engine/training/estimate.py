"""`python -m engine.training.estimate < config.json`: time two steps of an experiment before it is started."""

import json
import os
import statistics
import sys
import time
from typing import Any

import torch

from engine.errors import Problem, Refused
from engine.experiment.dataset_info import classes, input_shape
from engine.experiment.schema import Experiment, read
from engine.experiment.validate import sizes
from engine.training import models
from engine.training.data import ImageSet, InMemoryTraining
from engine.training.probes.flops import per_image
from engine.training.step.learner import Learner
from engine.training.trainer import environment
from engine.training.trainer.build import build_learner

UPDATES = 2
LONGEST_FLOPS = 1e11
"""Operations of one step on a processor, beyond which fewer images stand for the mini-batch: a few seconds' worth."""


def estimate(experiment: Experiment) -> dict[str, Any]:
    """Seconds that a step takes, and on what; without the reading of images from files.

    Raises `Refused` if this machine cannot take such a step.
    """
    device, shape = environment.choose_device(experiment), input_shape(experiment)
    if experiment.runtime.threads:
        torch.set_num_threads(experiment.runtime.threads)
    size = experiment.schedule.batch_size
    if device.type == "cpu":
        module = models.build(experiment, shape, classes(experiment), experiment.root)
        cost = per_image(module, shape) * experiment.method.gradients
        size = max(2, min(size, int(LONGEST_FLOPS / cost)))
    probe = _with_batch(experiment, size)
    size = probe.schedule.batch_size
    images = ImageSet(torch.randint(256, (size, *shape), dtype=torch.uint8), torch.randint(classes(experiment), (size,)))
    learner = build_learner(probe, InMemoryTraining(images, probe, device), classes(experiment), device)
    try:
        learner.choose_streams()
        while not learner.is_settled:
            learner.take_step()
        seconds = statistics.median([_timed(learner, device) for _ in range(1 + UPDATES)][1:])
    except torch.OutOfMemoryError:
        raise Refused(Problem("schedule.batch_size", "does not fit into the device's memory", "Choose a smaller one")) from None
    return {"seconds_per_update": seconds * experiment.schedule.batch_size / size, "device": environment.name_of(device)}


def _with_batch(experiment: Experiment, least: int) -> Experiment:
    """`experiment` without an end, with mini-batches of `least` images, or of the first number that can be cut like its own."""
    whole = experiment.schedule.batch_size
    smaller = (_of_size(experiment, size) for size in range(least, whole))
    return next((one for one in smaller if not sizes(one)), _of_size(experiment, whole))


def _of_size(experiment: Experiment, size: int) -> Experiment:
    """`experiment` with mini-batches of `size` in parts as large as before, without an end, and not compiled."""
    schedule = experiment.schedule.model_copy(update={"batch_size": size, "epochs": 10_000})
    parts = max(1, experiment.runtime.accumulate * size // experiment.schedule.batch_size)
    runtime = experiment.runtime.model_copy(update={"accumulate": parts, "compile": False})
    return experiment.model_copy(update={"schedule": schedule, "runtime": runtime})


def _timed(learner: Learner, device: torch.device) -> float:
    before = time.perf_counter()
    learner.take_step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - before


def main() -> int:
    os.nice(10)  # a training may be on the same processor
    try:
        print(json.dumps(estimate(read(json.load(sys.stdin)))))
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
