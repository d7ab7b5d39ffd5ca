"""Mistakes on the command line, and surroundings that are not as usual: one line each, and exit code 2."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from engine.errors import Refused
from engine.experiment.schema import Experiment, read
from engine.launch.queue import Queue
from engine.runs.run import SILENT_SECONDS, Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from studio.__main__ import main
from studio.output import print_json
from tests.processes import LONG, SHORT, Launch, ended, is_running, wait

pytestmark = pytest.mark.slow  # every test starts processes

Say = pytest.CaptureFixture[str]
Command = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    run = Run.create(Path("runs"), Experiment())
    writer = Writer(run.path / "run.db")
    writer.metrics(3, 1.0, {"test/loss": float("inf"), "train/loss": float("nan"), "test/accuracy": 0.5})
    writer.flush(Status(state="finished", step=3, steps=3))
    writer.close()
    Path("f").touch()
    Path("d").mkdir()
    Path("nested.json").write_text("[" * 200_000)
    Path("twice.json").write_text('{"method": {"name": "rwp", "sigma": 0.1, "sigma": 0.2}}')
    Path("utf-16.json").write_text("{}", "utf-16")
    Path("nan.json").write_text('{"method": {"sigma": NaN}}')
    return run


LONG_PATH = "/".join(["x" * 100] * 60)
MISTAKES: dict[str, tuple[list[str], str]] = {
    "a folder to import": (["import", "d"], "d"),
    "nothing to import": (["import", "nothing.zip"], "nothing.zip"),
    "a folder to export to": (["export", "RUN", "."], "is a folder"),
    "a folder to export to that is not there": (["export", "RUN", "no/x.zip"], "no/x.zip"),
    "a file for the runs": (["list", "--runs", "f/runs"], "f/runs"),
    "a file for the runs to train in": (["train", "--runs", "f"], "f"),
    "a file for the runs of the studio": (["--runs", "f", "--port", "0"], "f"),
    "a path that is too long": (["train", "--runs", LONG_PATH], "File name too long"),
    "a deeply nested file": (["train", "nested.json"], "nested too deeply"),
    "a deeply nested value": (["train", "--set", "method=" + "[" * 200_000], "nested too deeply"),
    "a deep field": (["train", "--set", "a" + ".a" * 100_000 + "=1"], "nested too deeply"),
    "a key that stands there twice": (["train", "twice.json"], "sigma: stands there twice"),
    "a key twice on the command line": (["train", "--set", 'method={"name": "rwp", "name": "sgd"}'], "name: stands there twice"),
    "a file in UTF-16": (["train", "utf-16.json"], "utf-16.json: cannot be read"),
    "a number that is none": (["train", "nan.json"], "method.sigma"),
    "a folder for the configuration": (["train", "d"], "d: cannot be read"),
    "seeds beyond the last": (["train", "--set", "seed=2147483647", "--set", "seeds=2"], "seeds: 2 seeds from 2147483647"),
    "a run in a folder that is not there": (["export", "nowhere/RUN"], "there is no run"),
    "no run, but a folder": (["label", "./d"], "there is no run 'd'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(run: Run, capsys: Say, mistake: str) -> None:
    arguments, words = MISTAKES[mistake]
    assert main([argument.replace("RUN", run.id) for argument in arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rwp-studio: ")
    assert words in line


@pytest.mark.parametrize("port", ["65536", "-1", "1e3", "http"])
def test_a_port_that_is_none_is_refused(run: Run, capsys: Say, port: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([f"--port={port}"])
    assert "is no port" in capsys.readouterr().err


def test_a_folder_may_stand_before_the_command_or_behind_it(run: Run, capsys: Say) -> None:
    run.path.parent.rename("others")
    assert main(["--runs", "others", "list"]) == 0
    assert main(["list", "--runs", "others"]) == 0
    assert main(["--runs", "nowhere", "list", "--runs", "others"]) == 0
    assert capsys.readouterr().out.count(run.id) == 3
    assert main(["list"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("place", ["runs/{}", "runs/{}/", "./runs/{}", "{}"])
def test_a_run_is_known_by_the_folder_that_train_prints(run: Run, capsys: Say, place: str) -> None:
    name = place.format(run.id)
    assert main(["export", name, "--json"]) == 0
    assert main(["label", name, "--star"]) == 0
    assert main(["export", str(Path(name).absolute()) if "/" in name else name, "x.zip"]) == 0
    assert main(["delete", name]) == 0
    assert main(["list"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(run.id)


def test_a_run_starts_from_the_queue_with_its_data(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(Queue, "start", lambda _queue, chosen, data: started.append((chosen.id, data)))
    assert main(["queue", run.id, "--now", "--data", "elsewhere"]) == 0
    assert main(["--data", "elsewhere", "queue", run.id, "--now"]) == 0
    assert started == [(run.id, Path("elsewhere"))] * 2


def test_a_byte_order_mark_is_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("marked.json").write_text('{"seed": 7}', "utf-8-sig")
    trained: list[Experiment] = []
    monkeypatch.setattr("studio.cli.train.train", lambda experiment, *_: trained.append(experiment) or 0)
    assert main(["train", "marked.json"]) == 0
    assert trained[0].seed == 7


def no_constant(name: str) -> None:
    raise AssertionError(name)


def test_json_is_json_for_every_reader(run: Run, capsys: Say) -> None:
    assert main(["export", run.id, "--json"]) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=no_constant)
    assert told["metrics"]["test/loss"] == [[3, None]]
    print_json({"a": [float("-inf"), {"b": float("nan")}, 1.5, "σ\udce9"]})
    assert json.loads(capsys.readouterr().out, parse_constant=no_constant) == {"a": [None, {"b": None}, 1.5, "σ\udce9"]}


def test_the_last_seed_can_be_had() -> None:
    assert [one.seed for one in read({"seed": 2**31 - 2, "seeds": 2}).runs()] == [2**31 - 2, 2**31 - 1]
    with pytest.raises(Refused, match="seeds: 20 seeds"):
        read({"seed": 2**31 - 19, "seeds": 20})


def command(*arguments: str, **options: object) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([sys.executable, "-m", "studio", *arguments], capture_output=True, timeout=120, check=False, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_what_the_terminal_cannot_show_is_escaped(run: Run, encoding: str) -> None:
    assert main(["label", run.id, "--name", "σ ★ \U0001f600", "--star"]) == 0
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    for arguments in (["list"], ["recipe", "list"], ["recipe", "show", "demo"], ["label", run.id], ["trash"], ["--help"]):
        done = command(*arguments, env=environment)
        assert (done.returncode, done.stderr) == (0, b"")
        done.stdout.decode(encoding)
    assert b"\\u2605" in command("list", env=environment).stdout
    main(["delete", run.id])
    assert b"\\u03c3" in command("trash", env=environment).stdout


def test_a_folder_that_is_no_utf8_is_printed_as_it_is(run: Run) -> None:
    folder = os.fsdecode(b"caf\xe9")
    run.path.parent.rename(folder)
    main(["export", run.id, "x.zip", "--runs", folder])
    done = command("import", "x.zip", "--runs", folder)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"caf\xe9/" + run.id.encode())


@pytest.mark.parametrize("closed", ["0", "1", "2"])
def test_a_closed_stream_is_none(run: Run, closed: str) -> None:
    shell = f'exec "{sys.executable}" -m studio train --set model.name=mlp --set schedule.epochs=1 {closed}>&-'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0
    newest, _ = Run.all(Path("runs"))
    assert newest.status().state == "finished"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train"], b"runs: "),
        (["train", "--set", "data.name=folder", "--set", "data.path=imgs"], b"Give the whole path"),
        (["import", "x.zip"], b"archive: cannot be read"),
        (["export", "x", "./y.zip"], b"there is no run"),
        (["--port", "0"], b"runs: "),
    ],
)
def test_a_directory_that_is_gone_is_one_line(run: Run, arguments: list[str], words: bytes) -> None:
    done = command(*arguments, preexec_fn=lambda: (os.mkdir("gone"), os.chdir("gone"), os.rmdir("../gone")))  # noqa: PTH102, PTH106
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(b"rwp-studio: ")
    assert words in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_training_in_good_order(tmp_path: Path, number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "studio", "train", "--set", "schedule.epochs=9000", "--set", "model.name=mlp"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    end = time.monotonic() + 60
    while not (runs := Run.all(tmp_path / "runs")) or not is_running(runs[0].status()):
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(number)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert Run(tmp_path / out.strip()).status().state == "stopped"


READ_ONLY: dict[str, tuple[list[str], int]] = {
    "list": (["list"], 0),
    "print": (["export", "RUN"], 0),
    "export": (["export", "RUN", "../x.zip"], 0),
    "label": (["label", "RUN", "--star"], 2),
    "delete": (["delete", "RUN"], 2),
    "fork": (["fork", "RUN", "--step", "3"], 2),
    "train": (["train"], 2),
}


@pytest.fixture
def locked_up(run: Run) -> Command:
    """Runs a command where the folder of the runs can only be read."""
    mount = "mount --bind runs runs && mount -o remount,bind,ro runs"
    if subprocess.run(["unshare", "-m", "bash", "-c", mount], capture_output=True, check=False).returncode:
        pytest.skip("no disk can be made read-only here")

    def call(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
        shell = ["unshare", "-m", "bash", "-c", f'{mount} && cd d && exec "$@"', "bash"]
        return subprocess.run(
            [*shell, sys.executable, "-m", "studio", *arguments, "--runs", "../runs"],
            capture_output=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.mark.parametrize("action", READ_ONLY)
def test_runs_that_can_only_be_read(run: Run, locked_up: Command, action: str) -> None:
    arguments, code = READ_ONLY[action]
    done = locked_up(*(argument.replace("RUN", run.id) for argument in arguments))
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) == (code == 2)
    if action == "list":
        assert b"finished" in done.stdout


def test_an_engine_that_does_not_answer_is_told(launch: Launch, capsys: Say) -> None:
    run = launch(LONG)
    engine = psutil.Process(wait(run, is_running).pid)
    engine.suspend()
    try:
        silent = wait(run, lambda status: status.silent_since is not None, SILENT_SECONDS * 4)
        assert silent.state == "running"
        assert "has not answered since" in silent.message
        assert f"kill -9 {engine.pid}" in silent.message
        assert main(["list", "--runs", str(run.path.parent)]) == 0
        assert "no answer since" in capsys.readouterr().out
    finally:
        engine.resume()
    assert wait(run, lambda status: status.silent_since is None).message == ""
    run.commands.send("stop")
    wait(run, ended)


def test_tensorboard_draws_what_was_trained_twice_once(launch: Launch) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = launch({**LONG, "runtime": {"checkpoint_every": 2}})
    wait(run, lambda status: status.step > 60)
    psutil.Process(run.status().pid).kill()
    launch.processes[-1].wait(60)
    last = run.status().step
    launch({}, run)
    wait(run, lambda status: status.state == "running" and status.step > last + 10)
    run.commands.send("stop")
    wait(run, ended)
    launch.processes[-1].wait(60)
    reader = EventAccumulator(str(run.path / "tb"), size_guidance={"scalars": 0})
    reader.Reload()
    steps = [event.step for event in reader.Scalars("train/loss")]
    assert steps == list(range(1, steps[-1] + 1))


def test_names_are_in_order_whatever_the_clock_on_the_wall_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for zone, now in (("Asia/Tokyo", 1_000_000_000), ("America/Los_Angeles", 1_000_000_060), ("UTC", 1_000_000_120)):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        monkeypatch.setattr(time, "time", lambda now=now: now)
        monkeypatch.setattr(time, "gmtime", lambda now=now, real=time.gmtime: real(now))
        made.insert(0, Run.create(tmp_path, read(SHORT)).id)
        monkeypatch.undo()
    time.tzset()
    assert [run.id for run in Run.all(tmp_path)] == made


def test_an_export_needs_no_hard_links(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert main(["export", run.id, "x.zip"]) == 0
    assert main(["import", "x.zip", "--runs", "other"]) == 0
