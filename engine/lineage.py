"""Lineage: runs that are made from other runs."""

from engine.experiment import Experiment, merge, read
from engine.records import Writer
from engine.run import Run


def replay(run: Run) -> Run:
    """A new run beside `run` that makes the same training again, each change at the step at which it was made.

    On the CPU it passes through bitwise the same weights. It goes on to the end also where `run` was stopped before.
    """
    again = Run.create(run.path.parent, _as_it_ran(run))
    with again.lock():
        writer = Writer(again.path / "run.db")
        writer.event(0, "replay", of=run.id)
        for event in run.records.events():
            if event.kind == "changed":
                writer.event(event.step, "changed", **{**event.data, "id": None})
        writer.flush(again.records.status())
        writer.close()
    return again


def _as_it_ran(run: Run) -> Experiment:
    """The experiment as it began, with the way of running gradients that was found to be the faster one."""
    way = run.records.status().streams.partition(":")[0]
    return read(merge(run.experiment.model_dump(), {"runtime": {"streams": way}} if way else {}))
