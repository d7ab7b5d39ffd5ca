"""Keep what probes find, under the step of the weights at which they found it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.runs.arrays import save_arrays
from engine.runs.run import Run
from engine.training.probes.probe import Measured
from engine.training.trainer.disk_retry import DiskRetry
from engine.training.trainer.recorder import Recorder


class Findings:
    """The scalars, arrays and events of measurements in the folder of a run."""

    def __init__(self, run: Run, recorder: Recorder, retry: DiskRetry, step: int) -> None:
        self._run, self._recorder, self._retry = run, recorder, retry
        done = (event for event in run.records.events() if event.data.get("done"))
        self._complete = {(event.step, event.kind): "array" in event.data for event in done if event.step <= step}

    def is_complete(self, name: str, step: int) -> bool:
        """Whether an engine before this one has measured that at the weights of `step`, to the end."""
        has_array = self._complete.get((step, name))
        return has_array is not None and (not has_array or self._file(name, step).exists())

    def of(self, name: str, step: int) -> Callable[[Measured], None]:
        """What keeps the findings of a measurement that begins now, at the weights of `step`."""
        seconds, file = self._recorder.status.seconds, self._file(name, step)

        def keep(measured: Measured) -> None:
            if measured.scalars:
                self._recorder.record(step, seconds, measured.scalars)
            if measured.arrays:
                self._retry.write(partial(save_arrays, file, measured.arrays))
            if measured.facts:
                kept = {"array": file.stem} if measured.arrays else {}
                self._recorder.event_of(step, name, **kept, **measured.facts)

        return keep

    def show(self, message: str, fraction: float | None) -> None:
        """Say in the status what is being measured, and how much of it is done."""
        self._recorder.update_status(message=message, progress=fraction)

    def tell(self, kind: str, **facts: str) -> None:
        """Record an event that no measurement has brought about."""
        self._recorder.event(kind, **facts)

    def _file(self, name: str, step: int) -> Path:
        return self._run.path / "arrays" / f"{name}-{step:08d}.npz"
