"""Slurm: runs as jobs of a cluster, submitted with submitit, watched with squeue, and cancelled with scancel."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from engine.errors import Problem, Refused
from engine.files.within import is_plain
from engine.launch.slurm_job import TrainingJob
from engine.runs.reader import DATABASE
from engine.runs.run import Run
from engine.runs.slurm import JOB, OPTIONS, SlurmJob, SlurmOptions, job_of, write_job
from engine.runs.status import ACTIVE

LOG = "slurm"
"""Folder in that of a run for what submitit and its jobs write."""
LOOKED = ".slurm-looked"
"""File beside the runs that was touched when somebody asked last."""
LOOK_SECONDS = 5.0
ANSWER_SECONDS = 60
SIGNAL_SECONDS = 90
"""How long before the end of its time a job is told, at most."""
MOST_TIMEOUTS = 10_000


def is_there() -> bool:
    """Whether this machine can submit jobs."""
    return shutil.which("sbatch") is not None


def check(options: SlurmOptions) -> None:
    """Raises `Refused` with Slurm's own words, and the option that caused them, if it would not take such a job."""
    _submitit()
    if said := _why_not(options.given()):
        raise Refused(Problem(_culprit(options), f"Slurm says: {said}", "See what there is with `sinfo`"))


def _culprit(options: SlurmOptions) -> str:
    """The option without which Slurm would take the job."""
    given = options.given()
    for name in given:
        if not _why_not({key: value for key, value in given.items() if key != name}):
            return f"slurm.{name}"
    return "slurm"


def _why_not(given: dict[str, str | int]) -> str:
    """Why Slurm would refuse such a job; empty if it would not."""
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    asked = _ask("sbatch", "--test-only", *flags, "--wrap", "true")
    return " · ".join(line.removeprefix("sbatch: error: ") for line in asked.stderr.splitlines()) if asked.returncode else ""


def submit(run: Run, data: Path, options: SlurmOptions) -> None:
    """Hand `run` over to Slurm. If that is refused, the run has failed, for this reason."""
    try:
        number = _submitted(run, data, options)
    except Refused as refused:
        run.report_last(refused.problems[0])
        raise
    write_job(run.path, SlurmJob(id=number))
    run.leave_queue()


def _submitted(run: Run, data: Path, options: SlurmOptions) -> str:
    """The number of the new job."""
    submitit = _submitit()
    executor = submitit.SlurmExecutor(folder=run.path.absolute() / LOG, python=_python(), max_num_timeout=MOST_TIMEOUTS)
    executor.update_parameters(**_parameters(options))
    errors = submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError
    try:
        with _outside_any_job():
            return str(executor.submit(TrainingJob(run.path.absolute(), data.absolute())).job_id)
    except errors as error:
        raise Refused(Problem("slurm", f"Slurm says: {error}", "Choose other options")) from None


@contextmanager
def _outside_any_job() -> Iterator[None]:
    """A job that is submitted from within another asks for nothing that the other has asked for."""
    if "SLURM_JOB_ID" not in os.environ:
        yield
        return
    kept = {name: value for name, value in os.environ.items() if name == "SLURM_CONF" or name.startswith("SBATCH_")}
    with _submitit().helpers.clean_env():
        os.environ.update(kept)
        yield


def _parameters(options: SlurmOptions) -> dict[str, object]:
    """What submitit is told. A job may be put back into the queue, and is told before its time is over."""
    given = options.given()
    more = {name: given.pop(name) for name in ("reservation",) if name in given}
    lead = min(SIGNAL_SECONDS, options.time * 60 // 4)
    return {**given, "job_name": "rwp-studio", "signal_delay_s": lead, "additional_parameters": {"requeue": True, **more}}


def _python() -> str:
    """How Python is started on a node: what is imported there is what is imported here, whatever the folder of the job."""
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)
    return shlex.join(["env", f"PYTHONPATH={path}", "PYTHONSAFEPATH=1", sys.executable])


def cancel(run: Run) -> None:
    """Take the job of `run` back, wherever Slurm has it. Raises `Refused` if Slurm cannot be asked."""
    if job := job_of(run.path):
        asked = _ask("scancel", job.id)
        if asked.returncode and "Invalid job id" not in asked.stderr:
            raise Refused(Problem("slurm", f"Slurm says: {asked.stderr.strip()}", "Ask again later"))
        write_job(run.path, None)


def jobs(runs: Path) -> list[tuple[Run, SlurmJob]]:
    """The runs that are with Slurm, in order of their names, with their jobs."""
    there = sorted(path.parent for path in runs.glob(f"[!.]*/{JOB}") if is_plain(path) and not path.parent.is_symlink())
    return [(Run(path), job) for path in there if (job := job_of(path))]


def refresh(runs: Path) -> None:
    """See how the jobs of all runs are, if nobody has for some seconds: what Slurm says, or that it has one no longer."""
    known = jobs(runs)
    if not known or not _is_time(runs / LOOKED):
        return
    asked = _ask("squeue", "--me", "--noheader", "--format=%i|%T|%R")
    lines = (line.split("|", 2) for line in asked.stdout.splitlines())
    found = {number: (state, reason.strip("()")) for number, state, reason in lines}
    for run, job in known:
        if asked.returncode:
            found[job.id] = (job.state, asked.stderr.strip())
        if job.id not in found:
            _end(run, job)
        elif found[job.id] != (job.state, job.reason):
            state, reason = found[job.id]
            has_begun = job.has_begun and state in ("RUNNING", "COMPLETING")
            write_job(run.path, SlurmJob(id=job.id, state=state, reason=reason, has_begun=has_begun))


def _is_time(looked: Path) -> bool:
    if looked.exists() and time.time() - looked.stat().st_mtime < LOOK_SECONDS:
        return False
    looked.touch()
    return True


def _end(run: Run, job: SlurmJob) -> None:
    """Slurm has the job no longer. If no engine can have said how the run ended, say what Slurm knows."""
    write_job(run.path, None)
    if not (run.path / DATABASE).exists() or run.records.status().state in ACTIVE:
        told = dict(part.partition("=")[::2] for part in _ask("scontrol", "--oneliner", "show", "job", job.id).stdout.split())
        how = " ".join(filter(None, (told.get("JobState", "has ended"), told.get("Reason", "").replace("None", ""))))
        cure = f"Resume it. What the job wrote is in {LOG}/ of the run's folder"
        run.report_last(Problem("slurm", f"Slurm job {job.id}: {how}", cure))


def _ask(*command: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def _submitit() -> ModuleType:
    """submitit, with a Slurm to submit to."""
    if not is_there():
        cure = f"Log in where there is one; to train a run here that was with Slurm, remove {OPTIONS} from its folder"
        raise Refused(Problem("launcher", "there is no Slurm on this machine: sbatch was not found", cure))
    try:
        import submitit
    except ImportError:
        cure = "Install it with `pip install 'rwp-studio[slurm]'`"
        raise Refused(Problem("launcher", "jobs of Slurm need submitit, which is not installed", cure)) from None
    return submitit
