"""`python -m benchmarks.compare_page`: how long the page Compare takes with 2,000 runs, and with ten long ones in its charts.

A studio of its own and Debian's chromium, on made-up records. Each figure is the median of several rounds, with their range.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from engine.experiment.schema import read
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer

RUNS, LONG, STEPS, ROUNDS = 2000, 10, 100_000, 7
METHODS = ("sgd", "sam", "rwp", "arwp", "m-rwp", "m-arwp")
CHROMIUM = "/usr/bin/chromium"

FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began))))"


def _record(runs: Path, number: int, steps: list[int], metrics: tuple[str, ...]) -> Run:
    method = METHODS[number % len(METHODS)]
    run = Run.create(runs, read({"seed": number // 200, "method": {"name": method}, "schedule": {"epochs": 1 + number % 200}}))
    writer, noise = Writer(run.path / "run.db"), np.random.default_rng(number)
    for step in steps:
        writer.metrics(step, step / 100, {name: float(noise.normal(1, 0.1)) for name in metrics})
    writer.flush(Status(state="finished", step=steps[-1], steps=steps[-1], epochs=1, gradient_evaluations=steps[-1]))
    writer.close()
    return run


@contextmanager
def studio(runs: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "studio", "--port", "0", "--runs", str(runs), "--data", str(runs), "--no-warm-engine"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found
    try:
        yield found.group()
    finally:
        process.terminate()
        process.wait()


def tell(what: str, rounds: list[float], unit: str = "ms") -> None:
    print(f"{what:<58} {statistics.median(rounds):8.0f} {unit} ({min(rounds):.0f} to {max(rounds):.0f})", flush=True)


def _timed(page: Page, action: str) -> float:
    """Milliseconds from an action to the second frame after it."""
    return float(page.evaluate(f"() => {{ const began = performance.now(); {action}; return {FRAME} }}"))


def _set(selector: str, value: str) -> str:
    found = f"document.querySelector('{selector}')"
    return f"{found}.value = {value!r}; {found}.dispatchEvent(new Event('input'))"


def opened(page: Page, address: str, condition: str) -> float:
    """Milliseconds until a condition holds in the page at an address."""
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_function(condition)
    return 1000 * (time.perf_counter() - began)


def _many(page: Page, url: str) -> None:
    rows = "document.querySelectorAll('[data-rows] tr').length > 10"
    first = opened(page, f"{url}/compare", rows)
    print(f"{'first opening after the start of the studio':<58} {first:8.0f} ms")
    tell(f"opening with {RUNS:,} runs, until rows are there", [opened(page, f"{url}/compare", rows) for _ in range(ROUNDS)])
    words = ["method:sam", "epochs>100 sam", "seed=3", "m-arwp epochs<20", "", "sgd", "-sgd"]
    tell("a filter, until its rows are drawn", [_timed(page, _set("[data-find]", word)) for word in words])
    heights = page.evaluate("document.documentElement.scrollHeight")
    print(f"{'height of the page':<58} {heights:8.0f} px")


def _long(page: Page, url: str, runs: list[Run]) -> None:
    sizes: list[int] = []
    page.on(
        "response",
        lambda answer: sizes.append(answer.request.sizes()["responseBodySize"]) if answer.url.endswith("/curves") else None,
    )
    drawn = "document.querySelector('[data-figure=test-accuracy] .scatterlayer .trace')"
    address = f"{url}/compare?runs={','.join(run.id for run in runs)}"
    tell(f"opening with {LONG} runs of {STEPS:,} steps, until drawn", [opened(page, address, drawn) for _ in range(ROUNDS)])
    tell("on the wire for each of them", [size / LONG / 1000 for size in sizes], "kB")
    axes = ["epoch", "seconds", "evaluations", "step", "epoch", "seconds", "step"]
    tell("another x axis", [_timed(page, _set("[data-axis]", axis)) for axis in axes])
    log = "document.querySelector('[data-log-scale]').click()"
    tell("a logarithmic y axis, and back", [_timed(page, log) for _ in range(ROUNDS)])


def main() -> None:
    """Make the runs, open the page, print the table."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        runs = Path(place)
        for number in range(RUNS - LONG):
            _record(runs, number, [10, 20], ("test/accuracy", "train/loss"))
        steps = list(range(1, STEPS + 1))
        long = [
            _record(runs, 10_000 + number, steps, ("test/accuracy", "train/loss", "train/accuracy")) for number in range(LONG)
        ]
        with studio(runs) as url:
            page = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]).new_page()
            page.set_viewport_size({"width": 1400, "height": 1000})
            _many(page, url)
            _long(page, url, long)


if __name__ == "__main__":
    main()
