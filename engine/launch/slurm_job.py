"""What a job of Slurm does on its node: train one run, save it when the job must end, and go on in another turn."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.launch import engine_process
from engine.launch.fork_server import ForkedEngine
from engine.runs.lock import arranging
from engine.runs.run import Run
from engine.runs.slurm import SlurmJob, job_of, write_job

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

LOOK_SECONDS = 0.2
ANSWER_SECONDS = 60


class TrainingJob:
    """Trains the run in a folder. submitit calls it on a node, and `checkpoint` before the job's time is over.

    It is pickled to be sent there, before it has begun.
    """

    def __init__(self, run: Path, data: Path) -> None:
        self.run, self.data = run, data
        self._engine: subprocess.Popen[bytes] | ForkedEngine | None = None
        self._must_end = False

    def __call__(self) -> None:
        run = Run(self.run)
        signal.signal(signal.SIGTERM, self._end)
        with _later(signal.SIGUSR2):  # which Slurm sends to the engine as well: it is to be asked in good order
            self._engine = engine_process.start(run, self.data)
        _tell(run, has_begun=True)
        _wait(self._engine)
        if not self._must_end:  # else the engine has been told to as well, and what becomes of the job is for Slurm to say
            _forget(run)
        elif _makes_way():
            signal.pause()  # until Slurm ends this job, and puts it back into the queue

    def checkpoint(self) -> "DelayedSubmission | None":
        """Save and end, to go on in another turn; None if the training has ended anyhow."""
        from submitit.helpers import DelayedSubmission

        run = Run(self.run)
        if self._engine:
            if self._engine.poll() is not None:
                _forget(run)
                return None
            self._engine.terminate()
            _wait(self._engine)
        _tell(run, state="REQUEUED", has_begun=False)
        return DelayedSubmission(TrainingJob(self.run, self.data))

    def _end(self, _number: int, _frame: object) -> None:
        self._must_end = True


@contextmanager
def _later(number: signal.Signals) -> Iterator[None]:
    """Let a signal wait; a process that is started meanwhile never gets it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


def _wait(engine: "subprocess.Popen[bytes] | ForkedEngine") -> None:
    """Wait for the end of an engine; not in `wait`, in which a signal's handler cannot wait as well."""
    while engine.poll() is None:
        time.sleep(LOOK_SECONDS)


def _makes_way() -> bool:
    """Whether this job, which is told to end, was not cancelled: one that must make way is running until it is ended."""
    asked = ["squeue", "--noheader", f"--jobs={os.environ['SLURM_JOB_ID']}", "--format=%T"]
    return subprocess.run(asked, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False).stdout.strip() == "RUNNING"


def _tell(run: Run, **changed: object) -> None:
    with arranging(run.path.parent):
        if job := job_of(run.path):
            write_job(run.path, SlurmJob.model_validate({**job.model_dump(), **changed}))


def _forget(run: Run) -> None:
    with arranging(run.path.parent):
        write_job(run.path, None)
