"""The `rwp-studio` command as a person types it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.experiment.schema import UNIONS
from engine.runs.export import export
from engine.runs.run import Run
from studio.__main__ import main

pytestmark = pytest.mark.slow  # every test starts processes

QUICK = ["--set", "schedule.epochs=2", "--set", "landscape.resolution=5", "--set", "landscape.images=64"]


def command(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "studio", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def test_train_prints_the_folder(tmp_path: Path) -> None:
    done = command("train", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Run(tmp_path / done.stdout.splitlines()[-1]).status().state == "finished"


@pytest.mark.parametrize("method", UNIONS["method"])
def test_every_method_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str) -> None:
    folders = ["--runs", str(tmp_path / "runs"), "--data", str(tmp_path / "data")]
    assert main(["train", "--set", f"method.name={method}", *QUICK, *folders]) == 0
    run = Run(Path(capsys.readouterr().out.splitlines()[-1]))
    assert (run.experiment.method.name, run.status().state) == (method, "finished")
    assert len(run.records.accuracies()) == 2


def test_list_and_export_know_what_was_trained(tmp_path: Path) -> None:
    done = command("train", "--set", "method.name=sam", *QUICK, cwd=tmp_path)
    folder = tmp_path / done.stdout.splitlines()[-1]
    (row,) = json.loads(command("list", "--json", cwd=tmp_path).stdout)
    assert (row["id"], row["state"]) == (folder.name, "finished")
    exported = json.loads(command("export", folder.name, "--json", cwd=tmp_path).stdout)
    assert exported.keys() == {"config", "status", "metrics", "events", "summary"}
    assert exported["config"]["method"]["name"] == "sam"
    assert len(exported["metrics"]["test/accuracy"]) == 2


def test_a_file_and_overrides_make_one_experiment(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps({"seed": 5, "method": {"name": "rwp", "sigma": 0.02}, "model": {"name": "mlp"}}))
    done = command("train", "c.json", "--set", "method.sigma=0.03", *QUICK, cwd=tmp_path)
    experiment = Run(tmp_path / done.stdout.splitlines()[-1]).experiment
    assert (experiment.seed, experiment.method.sigma, experiment.model.name) == (5, 0.03, "mlp")


def test_seeds_make_a_group_of_runs(tmp_path: Path) -> None:
    done = command("train", "--set", "seeds=2", "--set", "seed=3", *QUICK, cwd=tmp_path)
    runs = [Run(tmp_path / line) for line in done.stdout.splitlines()]
    assert [run.status().state for run in runs] == ["finished", "finished"]
    assert [run.experiment.seed for run in runs] == [3, 4]
    assert runs[0].experiment.group == runs[1].experiment.group
    first, second = (export(run)["metrics"]["train/loss"] for run in runs)
    assert first != second
    assert runs[1].status().flops == pytest.approx(runs[0].status().flops)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--set", "method.sigma=7"], "method.sigma: should be less than or equal to 0.2"),
        (["train", "--set", "method.name=magic"], "m-arwp"),
        (["train", "--set", "schedule.batch_size=5000"], "schedule.batch_size: one batch of 5000 is more than the 1437"),
        (["train", "--set", "data.train_size=9999"], "data.train_size: digits has only 1437"),
        (["train", "--set", "data.name=folder", "--set", "data.path=nowhere"], "nowhere is not a folder"),
        (["train", "--set", "data.name=cifar10", "--set", "data.download=false"], "cifar-10-python.tar.gz"),
        (["train", "none.json"], "none.json: cannot be read"),
        (["export", "nobody"], "there is no run 'nobody'"),
        (["export", "../x"], "there is no run"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_stops_the_training_in_good_order(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "studio", "train", "--set", "schedule.epochs=5000"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    end = time.monotonic() + 60
    while not (runs := Run.all(tmp_path / "runs")) or runs[0].status().step < 3:
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert Run(tmp_path / out.splitlines()[-1]).status().state == "stopped"


def test_a_diverging_training_exits_with_1(tmp_path: Path) -> None:
    wild = [
        "--set",
        "optimizer.lr=10",
        "--set",
        "optimizer.weight_decay=1",
        "--set",
        "method.sigma=0.2",
        "--set",
        "model.name=mlp",
    ]
    done = command("train", *wild, cwd=tmp_path)
    assert done.returncode == 1
    assert "diverged" in done.stderr


def test_the_schema_is_json_and_documents_lambda(tmp_path: Path) -> None:
    schema = json.loads(command("schema", cwd=tmp_path).stdout)
    assert schema["$defs"]["MRWP"]["properties"]["lambda"]["description"]


def test_training_does_not_import_gradio() -> None:
    code = "import sys, studio.__main__, studio.cli.train; sys.exit('gradio' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
