"""`rwp-studio train`: start an engine, show its progress, and return how it ended as the exit code."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from engine.experiment.schema import Experiment
from engine.experiment.validate import check, passed_over
from engine.launch.queue import Queue
from engine.runs.run import Run
from engine.runs.status import ACTIVE, Status
from studio.output import tell

WAITED_FOR = ACTIVE | {"queued"}
EXIT = {"finished": 0, "stopped": 130}
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals with which somebody, a system that is shut down, or a terminal that is closed ends a command."""


def train(experiment: Experiment, runs: Path, data_dir: Path) -> int:
    """Train and follow; Ctrl-C stops the training in good order. Prints the folder of each run when it has ended.

    Returns 0 if every run finished, 130 if one was stopped, 1 if one failed.
    """
    check(experiment, data_dir)
    for one in passed_over(experiment):
        tell(f"passed over: {one}")
    return follow([Run.create(runs, one) for one in experiment.runs()], runs, data_dir)


def follow(group: list[Run], runs: Path, data_dir: Path) -> int:
    """Queue the runs of `group` and follow them to their ends, as `train` does."""
    queue = Queue(runs)
    queue.add(*group)
    previous = {number: signal.signal(number, lambda _number, _frame: _stop(group)) for number in ENDING}
    try:
        return max([_report(run, lambda: queue.advance(data_dir)) for run in group], key=[0, 130, 1].index)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _report(run: Run, advance: Callable[[], object]) -> int:
    status = _follow(run, advance)
    if status.message:
        tell(": ".join(filter(None, (status.state, status.field, status.message))))
    print(run.path, flush=True)
    return EXIT.get(status.state, 1)


def _stop(group: list[Run]) -> None:
    """Ask the engine to stop what it trains, and let nothing wait; a second signal no longer waits for the engine."""
    for run in group:
        run.leave_queue()
    for run in group:
        if run.status().state in ACTIVE:
            run.commands.send("stop")
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)


def _follow(run: Run, advance: Callable[[], object]) -> Status:
    """Show progress until the run has ended, and see to it that what waits begins."""
    with tqdm(total=None, unit="step", dynamic_ncols=True, disable=None) as bar:
        while (status := run.status()).state in WAITED_FOR:
            advance()
            _show(bar, status)
            time.sleep(0.2)
        _show(bar, status)
    return status


def _show(bar: "tqdm[None]", status: Status) -> None:
    bar.total = status.steps or None
    bar.n = status.step
    bar.set_description(
        f"{status.message or status.state}{'' if status.progress is None else f' {status.progress:.0%}'}", refresh=False
    )
    bar.set_postfix_str(f"epoch {status.epoch}/{status.epochs}", refresh=False)
    bar.refresh()
