"""`python -m engine RUN_DIR… --data DIR`: train the runs in those folders one after another, then exit."""

import argparse
import sys
from contextlib import redirect_stderr
from pathlib import Path

from engine.errors import Refused
from engine.journal import Journal
from engine.run import Run

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
    with run.lock(lock), (run.path / "engine.log").open("a") as log, redirect_stderr(log):
        journal = Journal(run)
        journal.begin()
        from engine.train import train  # torch takes seconds to import: the page is told before

        return EXIT.get(train(run, data_dir, journal), 1)


if __name__ == "__main__":
    sys.exit(main())
