"""A run written by hand, as an engine would write it."""

from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer


class Script:
    """Writes into a run's database what a test wants to be read from it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.writer = Writer(run.path / "run.db")
        self.writer.flush(Status(state="running", steps=100, epochs=10))

    def steps(self, first: int, last: int, name: str = "train/loss", factor: float = 1.0) -> None:
        """One value per step from `first` to `last`."""
        for step in range(first, last + 1):
            self.writer.metrics(step, step / 10, {name: factor * step})
        self.writer.flush(Status(state="running", step=last, steps=100, epochs=10))

    def says(self, status: Status) -> None:
        self.writer.flush(status)
