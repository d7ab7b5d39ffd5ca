"""`python -m engine RUN_DIR… --data DIR`: train the runs in those folders one after another, then exit.

Under torchrun this is one of several processes: rank 0 trains and writes, the others follow it. There the exit code only tells
whether the processes have kept together; how the training ended is in the folder.
"""

import argparse
import os
import sys
from contextlib import redirect_stderr
from pathlib import Path

from engine.errors import Refused
from engine.journal import Journal
from engine.records import ACTIVE
from engine.run import Run
from engine.several import is_restart

EXIT = {"finished": 0, "stopped": 130}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Train the runs in some folders.")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN_DIR", help="a run's folder, which holds config.json")
    parser.add_argument("--data", type=Path, default=Path("data"), help="where datasets are kept")
    parser.add_argument("--lock", type=int, help="descriptor of the first run's lock, inherited from whoever started this")
    given = parser.parse_args()
    try:
        locks = [given.lock, *[None] * (len(given.runs) - 1)]
        return max(
            _train(Run.open(path.parent, path.name), given.data, lock) for path, lock in zip(given.runs, locks, strict=True)
        )
    except Refused as error:
        print(error, file=sys.stderr)
        return 2


def _train(run: Run, data_dir: Path, lock: int | None) -> int:
    if os.environ.get("RANK", "0") != "0":
        return _follow(run, data_dir)
    with run.lock(lock), (run.path / "engine.log").open("a") as log, redirect_stderr(log):
        if is_restart() and run.records.status().state not in ACTIVE | {"queued"}:
            return _dismiss()
        journal = Journal(run)
        journal.begin()
        from engine.train import train  # torch takes seconds to import: the page is told before

        state = train(run, data_dir, journal)
        return int(state in ("starting", "interrupted")) if "WORLD_SIZE" in os.environ else EXIT.get(state, 1)


def _dismiss() -> int:
    """Leave a run that has ended already, with those who would follow."""
    from engine.following import Leader
    from engine.world import join

    Leader(join()).end()
    return 0


def _follow(run: Run, data_dir: Path) -> int:
    from engine.following import follow
    from engine.world import Lost, join

    try:
        follow(run, data_dir, join())
    except Lost as lost:
        print(lost, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
