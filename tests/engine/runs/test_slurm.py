"""What a job asks Slurm for, as it is typed, and what is told of a job."""

from pathlib import Path

import pytest

from engine.errors import Refused
from engine.experiment.schema import Experiment
from engine.launch import slurm
from engine.launch.queue import Queue
from engine.runs.archive.manifest import most_bytes
from engine.runs.run import Run
from engine.runs.slurm import JOB, OPTIONS, SlurmJob, SlurmOptions, options_of, parse, write_job, write_options
from engine.runs.status import Status
from engine.runs.writer import Writer


def test_options_are_read_as_they_are_typed() -> None:
    assert parse(" partition=gpu,gpus_per_node=2,time=2h ").given() == {"partition": "gpu", "gpus_per_node": 2, "time": 120}
    assert parse("nodelist=a[1-3,5],mem=16G").given() == {"nodelist": "a[1-3,5]", "mem": "16G", "time": 60}
    assert parse("") == SlurmOptions()


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("90", 90), ("90m", 90), ("2h", 120), ("1d", 1440), ("90:30", 91), ("1:30:00", 90), ("1:30:01", 91), ("1-12:00", 2160)],
)
def test_times_are_those_of_slurm_or_shorter(typed: str, minutes: int) -> None:
    assert parse(f"time={typed}").time == minutes


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ("colour=red", "slurm.colour: .*There are partition, account"),
        ("gpu", "slurm.gpu: .*There are partition"),
        ("partition=a b", "slurm.partition: should be one word"),
        ("partition=a\ntouch x", "slurm.partition: should be one word"),
        ("partition=$(touch x)", "slurm.partition: should be one word"),
        ("account=';x'", "slurm.account: should be one word"),
        ("gpus_per_node=many", "slurm.gpus_per_node: "),
        ("mem=lots", "slurm.mem: should be an amount of memory, such as 16G"),
        ("time=later", "slurm.time: should be a time, such as 90"),
        ("time=0", "slurm.time: should be greater"),
    ],
)
def test_what_is_no_option_is_refused_by_name(typed: str, field: str) -> None:
    with pytest.raises(Refused, match=field):
        parse(typed)


def test_options_stay_with_the_run_and_damaged_ones_are_none(tmp_path: Path) -> None:
    run = Run.create(tmp_path, Experiment())
    assert options_of(run.path) is None
    write_options(run.path, parse("time=2h"))
    assert options_of(run.path) == parse("time=2h")
    (run.path / "slurm.json").write_text('{"time": ')
    assert options_of(run.path) is None


def test_a_run_whose_job_waits_is_queued_with_what_slurm_says(tmp_path: Path) -> None:
    run = Run.create(tmp_path, Experiment())
    write_job(run.path, SlurmJob(id="12", reason="Priority"))
    assert (run.status().state, run.status().message) == ("queued", "Slurm job 12: PENDING (Priority)")
    states = {"finished": "finished", "diverged": "diverged", "stopped": "queued", "running": "queued"}
    for told, shown in states.items():  # as a job that must end stops its engine, or Slurm kills both, to go on in another turn
        writer = Writer(run.path / "run.db")
        writer.flush(Status(state=told))
        writer.close()
        write_job(run.path, SlurmJob(id="12", state="RUNNING", has_begun=True))
        assert run.status().state == shown
        write_job(run.path, None)
        assert run.status().state == {"running": "interrupted"}.get(told, told)


def test_where_there_is_no_slurm_a_job_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="launcher: there is no Slurm on this machine: sbatch was not found"):
        slurm.check(SlurmOptions())
    run = Run.create(tmp_path, Experiment())
    write_options(run.path, SlurmOptions())
    Queue(tmp_path).add(run)
    assert Queue(tmp_path).advance(tmp_path / "data") == []
    assert (run.status().state, run.status().field) == ("failed", "launcher")
    assert "remove slurm.json from its folder" in run.status().message
    write_options(run.path, None)
    Queue(tmp_path).add(run)
    assert run.status().state == "queued"


def test_a_cluster_that_does_not_answer_leaves_a_job_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.create(tmp_path, Experiment())
    write_job(run.path, SlurmJob(id="12"))
    (tmp_path / "bin").mkdir()
    squeue = tmp_path / "bin" / "squeue"
    squeue.write_text("#!/bin/sh\necho 'slurm_load_jobs error: Unable to contact slurm controller' >&2\nexit 1\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    assert Queue(tmp_path).advance(tmp_path / "data") == []
    assert run.status().state == "queued"
    assert "Unable to contact slurm controller" in run.status().message


@pytest.mark.parametrize("name", [JOB, OPTIONS, "slurm/12_submitted.pkl", "slurm/12_submission.sh"])
def test_no_archive_brings_what_is_about_jobs(name: str) -> None:
    assert most_bytes(name) is None
