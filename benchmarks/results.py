"""The six methods side by side on real images: equal steps, several seeds. `python -m benchmarks.results --data DIR`

Trains one run per method and seed, one after another, and prints the second table of docs/results.md.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from engine.experiment.schema import Experiment, read
from engine.runs.export import export
from engine.runs.run import Run

METHODS = ("sgd", "sam", "rwp", "arwp", "m-rwp", "m-arwp")
COLUMNS = {
    "test accuracy": "test/accuracy",
    "training accuracy": "train_eval/accuracy",
    "training loss": "train_eval/loss",
}


def experiment_of(method: str, given: argparse.Namespace) -> Experiment:
    """The paper's settings for CIFAR, with the size of network, set and training that were asked for."""
    config: dict[str, Any] = {
        "seeds": given.seeds,
        "data": {"name": given.dataset, "train_size": given.train_size, "label_noise": given.label_noise},
        "model": {"name": given.model},
        "method": {"name": method, **({"rho": given.rho} if method == "sam" else {})},
        "schedule": {"epochs": given.epochs, "batch_size": given.batch_size},
        "landscape": {"at_end": False},
        "runtime": {"evaluate_every": given.epochs, "checkpoint_every": given.epochs, "precision": given.precision},
    }
    return read(config)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--model", default="small-cnn")
    parser.add_argument("--train-size", type=int, default=2000)
    parser.add_argument("--label-noise", type=float, default=0.2)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rho", type=float, default=0.1)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    groups = {method: [Run.create(given.runs, one) for one in experiment_of(method, given).runs()] for method in METHODS}
    for position in range(given.seeds):  # seed by seed, so that a noisy machine troubles every method alike
        for group in groups.values():
            subprocess.run([sys.executable, "-m", "engine", str(group[position].path), "--data", str(given.data)], check=True)
    print(table(groups))


def table(groups: dict[str, list[Run]]) -> str:
    """A row per method: mean ± standard deviation over the seeds, gradients per step and seconds of updating."""
    lines = [f"| method | {' | '.join(COLUMNS)} | gap | gradient evaluations | seconds |", "|---" * (len(COLUMNS) + 4) + "|"]
    for method, runs in groups.items():
        exported = [export(run) for run in runs]
        values = {title: [one["summary"][tag] for one in exported] for title, tag in COLUMNS.items()}
        gaps = [a - b for a, b in zip(values["training accuracy"], values["test accuracy"], strict=True)]
        cells = [spread(values[title], 1 if "loss" in title else 100) for title in COLUMNS]
        seconds = spread([one["status"]["seconds"] for one in exported], 1)
        evaluations = str(exported[0]["status"]["gradient_evaluations"])
        lines.append(f"| {' | '.join([method, *cells, spread(gaps, 100), evaluations, seconds])} |")
    return "\n".join(lines)


def spread(values: list[float], factor: float) -> str:
    scaled = [value * factor for value in values]
    return f"{statistics.mean(scaled):.2f} ± {statistics.stdev(scaled):.2f}" if len(scaled) > 1 else f"{scaled[0]:.2f}"


if __name__ == "__main__":
    main()
