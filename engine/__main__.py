"""`python -m engine RUN_DIR --data DIR`: train the run in that folder, see to the next in the queue, and exit."""

import argparse
import sys
from contextlib import redirect_stderr
from pathlib import Path

from engine.errors import Refused
from engine.journal import Journal
from engine.queue import Queue
from engine.run import Run

EXIT = {"finished": 0, "stopped": 130}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Train the run in a folder.")
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="the run's folder, which holds config.json")
    parser.add_argument("--data", type=Path, default=Path("data"), help="where datasets are kept")
    parser.add_argument("--lock", type=int, help="descriptor of the run's lock, inherited from whoever started this")
    given = parser.parse_args()
    try:
        code = _train(Run.open(given.run.parent, given.run.name), given.data, given.lock)
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    if code != EXIT["stopped"]:  # after a stop, maybe of the whole machine, that is for whoever watches
        Queue(given.run.parent).advance(given.data)
    return code


def _train(run: Run, data_dir: Path, lock: int | None) -> int:
    with run.lock(lock), (run.path / "engine.log").open("a") as log, redirect_stderr(log):
        journal = Journal(run)
        journal.begin()
        from engine.train import train  # torch takes seconds to import: the page is told before

        return EXIT.get(train(run, data_dir, journal), 1)


if __name__ == "__main__":
    sys.exit(main())
