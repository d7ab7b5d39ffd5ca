"""Profile a few steps with torch.profiler, for Perfetto and TensorBoard."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.files.atomic import write_atomically
from engine.runs.run import Run
from engine.training.trainer.disk_retry import DiskRetry
from engine.training.trainer.recorder import Recorder

if TYPE_CHECKING:
    from torch.profiler import profile

UPDATES = 10


class StepProfiler:
    """Records the next steps when asked to, with torch.profiler, and leaves the trace in the run's folder."""

    def __init__(self, run: Run, recorder: Recorder, retry: DiskRetry) -> None:
        self._folder, self._recorder, self._retry = run.path / "traces", recorder, retry
        self._profile: profile | None = None
        self._left = self._step = 0

    def want(self) -> None:
        """Record from the next step on."""
        self._left = self._left or UPDATES

    @contextmanager
    def update(self, step: int) -> Iterator[None]:
        """The step to `step` happens inside."""
        if not self._left:
            yield
            return
        from torch.profiler import record_function

        self._profile = self._profile or _begun()
        with record_function("update"):
            yield
        self._step = step
        self._left -= 1
        if not self._left:
            self.end()

    def end(self) -> None:
        """Leave what was recorded, if anything, by the name of its last step."""
        recorded, self._profile, self._left = self._profile, None, 0
        if recorded is None:
            return
        recorded.stop()
        name = f"step-{self._step:08d}.pt.trace.json.gz"
        with tempfile.TemporaryDirectory() as folder:
            recorded.export_chrome_trace(str(file := Path(folder) / name))  # which can be done only once
            content = file.read_bytes()
        self._retry.write(lambda: self._save(name, content))
        self._recorder.event_of(self._step, "trace", file=name)

    def _save(self, name: str, content: bytes) -> None:
        self._folder.mkdir(exist_ok=True)
        write_atomically(self._folder / name, content)


def _begun() -> "profile":
    from torch._C._profiler import _ExperimentalConfig
    from torch.profiler import profile

    found = profile(experimental_config=_ExperimentalConfig(profile_all_threads=True))
    found.start()
    return found
