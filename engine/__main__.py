"""`python -m engine RUN_DIR --data DIR`: train the run in that folder, then exit."""

import argparse
import sys
from pathlib import Path

from engine.errors import Refused
from engine.journal import Journal
from engine.run import Run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Train the run in a folder.")
    parser.add_argument("run", type=Path, help="the run's folder, which holds config.json")
    parser.add_argument("--data", type=Path, default=Path("data"), help="where datasets are kept")
    arguments = parser.parse_args()
    try:
        run = Run.open(arguments.run.parent, arguments.run.name)
        with run.lock():
            journal = Journal(run)
            journal.begin()
            from engine.train import train  # torch takes seconds to import: the page is told before

            state = train(run, arguments.data, journal)
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    return {"finished": 0, "stopped": 130}.get(state, 1)


if __name__ == "__main__":
    sys.exit(main())
