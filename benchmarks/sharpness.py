"""λ₁ along trainings of the demo, in three products of the Hessian a reading. `python -m benchmarks.sharpness`

Each reading begins with the eigenvector of the one before. Prints how far it is from what many products find, and how many
products a reading needs that begins anew.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from engine.experiment.recipes import find
from engine.training.data import Sources, load
from engine.training.probes.hessian import HessianProducts, Lanczos
from engine.training.probes.probe import as_evaluated
from engine.training.rng import fill_normal
from engine.training.step.learner import Learner
from engine.training.trainer.build import build_learner

EVERY, PRODUCTS, MANY = 20, 3, 100
"""Steps from one reading to the next; products of a reading, and of one that is taken for the truth."""
CLOSE = 0.01


def readings(hessian: HessianProducts, start: torch.Tensor, most: int, residual: float) -> tuple[Lanczos, list[float]]:
    """Lanczos after at most `most` products, or when the residual is reached, and λ₁ after each."""
    lanczos, values = Lanczos(start), list[float]()
    while len(values) < most and lanczos.residual > residual:
        products = hessian.times(lanczos.asked, 0.0)
        while True:
            try:
                next(products)
            except StopIteration as done:
                lanczos.take(done.value)
                break
        values.append(lanczos.value)
    return lanczos, values


def trained(method: str) -> tuple[Learner, Sources]:
    torch.set_num_threads(1)
    experiment = find("demo").experiment(f"method.name={method}", "spectrum.images=512")
    device = torch.device("cpu")
    splits = load(experiment, Path("data"), lambda _message, _fraction: None)
    sources = Sources.of(splits, experiment, device, lambda _file, _reason, _count: None)
    learner = build_learner(experiment, sources.training, len(splits.classes), device)
    learner.choose_streams()
    return learner, sources


def row(method: str) -> str:
    """A row of the table."""
    learner, sources = trained(method)
    anew = fill_normal(torch.empty_like(learner.model.weights), learner.experiment.root, "spectrum")
    vector, errors, cold = anew, list[float](), list[int]()
    while learner.step < learner.steps:
        learner.take_step()
        if learner.step % EVERY:
            continue
        hessian = HessianProducts(as_evaluated(learner, sources.plain), list(sources.plain.batches(limit=512)))
        truth, _ = readings(hessian, anew, MANY, 1e-4)
        lanczos, _ = readings(hessian, vector, PRODUCTS, 0.0)
        _, values = readings(hessian, anew, MANY, 0.0)
        vector = lanczos.vector
        errors.append(abs(lanczos.value / truth.value - 1))
        cold.append(1 + next(i for i in range(len(values)) if abs(values[i] / truth.value - 1) <= CLOSE))
    found = 100 * np.array(errors[1:])
    told = (
        f"{np.median(found):.2f} | {np.quantile(found, 0.95):.2f} | {found.max():.1f} | {100 * np.mean(found <= 100 * CLOSE):.0f}"
    )
    return f"| {method} | {len(found)} | {told} | {np.median(cold):.0f} ({min(cold)} to {max(cold)}) |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sharpness", description=__doc__)
    parser.add_argument("--methods", nargs="+", default=["sgd", "m-rwp", "m-arwp"])
    print("| method | readings | error: median (%) | 95 % below (%) | largest (%) | within 1 % (%) | products of one anew |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for method in parser.parse_args().methods:
        print(row(method), flush=True)


if __name__ == "__main__":
    main()
