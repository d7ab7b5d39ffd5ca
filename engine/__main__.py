"""`python -m engine RUN_DIR --data DIR`: train the run in that folder, see to the next in the queue, and exit.

Under torchrun this is one of several processes: rank 0 trains and writes, the others follow it. There the exit code only tells
whether the processes have kept together; how the training ended is in the folder.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import TextIOWrapper
from pathlib import Path

from engine.errors import Refused
from engine.files.space import Reserve, unforeseen
from engine.files.within import writable
from engine.launch.queue import Queue
from engine.launch.torchrun import is_restart
from engine.runs.run import Run
from engine.runs.slurm import job_of
from engine.runs.status import ACTIVE, State
from engine.training.trainer.recorder import Recorder

EXIT = {"finished": 0, "stopped": 130}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Train the run in a folder.")
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="the run's folder, which holds config.json")
    parser.add_argument("--data", type=Path, default=Path("data"), help="where datasets are kept")
    parser.add_argument("--lock", type=int, help="descriptor of the run's lock, inherited from whoever started this")
    given = parser.parse_args(arguments)
    try:
        run = Run.open(given.run.parent, given.run.name)
        if os.environ.get("RANK", "0") != "0":
            return _follow(run, given.data)
        state = _train(run, given.data, given.lock)
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    if state != "stopped" and not job_of(run.path):  # after a stop, maybe of the machine, and on a node, others see to that
        Queue(given.run.parent).advance(given.data)
    return int(state == "interrupted") if "WORLD_SIZE" in os.environ else EXIT.get(state, 1)


def _train(run: Run, data_dir: Path, lock: int | None) -> State:
    """Train and return how that ended. Where torchrun is about to start everybody anew, end here and keep the lock."""
    with run.lock(lock), _saying_why(run), _log(run):
        if is_restart() and (state := run.records.status().state) not in ACTIVE | {"queued"}:
            _dismiss()
            return state
        recorder = Recorder(run)
        recorder.begin()
        from engine.training.trainer.trainer import train  # torch takes seconds to import: the page is told before

        state = train(run, data_dir, recorder)
        if state == "starting":
            sys.exit(1)
        return state


@contextmanager
def _log(run: Run) -> Iterator[None]:
    """Write what goes to stderr into the run's log."""
    file = writable(run.path / "engine.log")
    with TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", write_through=True) as log, redirect_stderr(log):
        yield


@contextmanager
def _saying_why(run: Run) -> Iterator[None]:
    """Leave word of an error with which nobody has dealt, so that nobody takes the engine for killed."""
    try:
        yield
    except Refused as refused:
        run.report_last(refused.problems[0])
        raise
    except Exception as error:
        Reserve(run.path).release()
        run.report_last(unforeseen(error, run.path))
        raise


def _dismiss() -> None:
    """Leave a run that has ended already, with those who would follow."""
    from engine.training.process_group import join
    from engine.training.trainer.ranks import RankZero

    RankZero(join()).end()


def _follow(run: Run, data_dir: Path) -> int:
    from engine.training.process_group import RankDied, join
    from engine.training.trainer.ranks import follow

    try:
        follow(run, data_dir, join())
    except RankDied as lost:
        print(lost, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
