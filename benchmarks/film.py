"""What the film of the landscape costs, how soon it answers a change, and what its points and Hessian products take."""

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from benchmarks.cases import CPU, Case, experiment, learner_on_noise
from benchmarks.timing import Row, in_turn, rows, seconds_of
from engine.runs.run import Run
from engine.training.data import Batch, ImageSet, InMemoryEvaluation, Sources
from engine.training.probes.evaluate import average
from engine.training.probes.hessian import hessian_times
from engine.training.probes.landscape import LandscapeFrame
from engine.training.probes.weight_path import WeightPath
from engine.training.step.learner import Learner
from engine.training.trainer.control import Control
from engine.training.trainer.disk_retry import DiskRetry
from engine.training.trainer.film import Film
from engine.training.trainer.findings import Findings
from engine.training.trainer.recorder import Recorder

A_TURN = 5.0
"""Seconds for which a training is filmed, or is not."""
SMALL, LARGE = (Case("mlp", 8, 64), 128, "≤ 1"), (Case("resnet18", 8, 32), 512, "≤ 20")
"""Networks, the images over which a point is averaged, and the seconds until the first grid."""


def measure(rounds: int) -> Iterator[Row]:
    torch.set_num_threads(2)
    for case, images, goal in (SMALL, LARGE):
        yield Row.of(
            f"seconds from a change to the first 7 × 7, {case}, {images} images", first_grids(case, images, rounds), goal
        )
    case, images, _ = SMALL
    ways = {"filmed at 5 %": 0.05, "not filmed": 0.0}
    taken = in_turn({name: partial(per_step, *training(case, images, budget)) for name, budget in ways.items()}, rounds)
    yield from rows(taken, ("filmed at 5 %", "not filmed", "1.05 ± 0.01"), where=str(case))
    yield from _points_and_products(rounds)


def training(case: Case, images: int, budget: float) -> tuple[Learner, Sources, Findings]:
    """A training on random images, and where a film of it goes."""
    chosen = experiment(case, "m-rwp", landscape={"images": images, "budget": budget})
    learner = learner_on_noise(chosen, case)
    learner.choose_streams("sequential")
    pictures = ImageSet(torch.randint(0, 256, (images, *case.shape), dtype=torch.uint8), torch.randint(0, 10, (images,)))
    plain = InMemoryEvaluation(pictures, chosen, CPU)
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    run = Run.create(folder, chosen)
    recorder = Recorder(run)
    findings = Findings(run, recorder, DiskRetry(recorder, Control(run, recorder)), 0)
    return learner, Sources(learner.data, plain, plain), findings


def per_step(learner: Learner, sources: Sources, findings: Findings) -> float:
    """Seconds of a step, with what of the film comes between it and the next."""
    filming = Film(learner, sources, findings)
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < A_TURN:
        learner.take_step()
        filming.go_on()
        steps += 1
    return (time.perf_counter() - began) / steps


def first_grids(case: Case, images: int, rounds: int) -> list[float]:
    """Seconds after a change until there is a grid to be shown, with the training going on."""
    learner, sources, findings = training(case, images, 0.05)
    filming, found = Film(learner, sources, findings), []
    for _ in range(rounds if case.model == "mlp" else min(rounds, 3)):
        began = time.perf_counter()
        filming.renew()
        learner.take_step()
        while filming.is_urgent:
            filming.go_on()
            learner.take_step()
        found.append(time.perf_counter() - began)
    return found


def _points_and_products(rounds: int) -> Iterator[Row]:
    case, images = Case("resnet18", 32, 32), 16
    learner, sources, _ = training(case, images, 0.05)
    batch = learner.data.batch(0, 0)
    model, few = learner.model, Batch(batch.images[:images], batch.labels[:images])
    states = {name: value.clone() for name, value in model.module.state_dict().items()}
    frame = LandscapeFrame(WeightPath()).measure(learner, sources)
    next(frame)

    @torch.no_grad()
    def loaded() -> None:
        model.module.load_state_dict({name: value + 1e-3 for name, value in states.items()})
        average(model, [few])

    def gradient() -> None:
        weights = list(model.module.parameters())
        torch.autograd.grad(cross_entropy(model.module(few.images), few.labels), weights)

    vector = torch.randn_like(model.weights)
    parts: dict[str, Callable[[], object]] = {
        "a point of the landscape": partial(next, frame),
        "a state dict loaded and evaluated": loaded,
        "a Hessian product": partial(hessian_times, model, few, vector),
        "a gradient": gradient,
    }
    taken = in_turn({name: partial(seconds_of, way) for name, way in parts.items()}, rounds)
    point = ("a point of the landscape", "a state dict loaded and evaluated", "≤ 0.45")
    product = ("a Hessian product", "a gradient", "≤ 2.1")
    yield from rows(taken, point, product, where=f"resnet18 32×32, {images} images")
