"""Only our own `engine` and `studio` can be meant, and only the standard library's modules, by any process of ours."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from engine import processes
from engine.experiment.schema import read
from engine.launch.fork_server import ForkServer
from engine.runs.archive import check_checkpoints
from studio.queries.cost import Estimator
from tests.processes import Launch, ended, wait

TINY = {
    "model": {"name": "mlp"},
    "method": {"name": "sgd"},
    "data": {"train_size": 64},
    "schedule": {"epochs": 1, "batch_size": 32},
    "landscape": {"at_end": False},
}
TAKEN = ("engine", "random", "queue", "torch", "numpy", "pydantic")
IS_ANOTHER = "raise SystemExit(f'{__name__} of a colleague')\n"
MEETS_IT_FIRST = """
import sys
from types import ModuleType
try:
    import engine
except SystemExit:
    sys.modules["engine"] = ModuleType("engine of a colleague")
"""


@pytest.fixture(params=["files", "folders"])
def colleagues(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder full of modules that are called as ours and others that we need."""
    folder = tmp_path / "colleague"
    folder.mkdir()
    for name in TAKEN:
        path = folder / f"{name}.py"
        if request.param == "folders":
            path = folder / name / "__init__.py"
            path.parent.mkdir()
        path.write_text(IS_ANOTHER)
    return folder


@pytest.fixture
def in_the_way(colleagues: Path, cold_start: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder on PYTHONPATH, with something that every interpreter runs first."""
    (colleagues / "sitecustomize.py").write_text(MEETS_IT_FIRST)
    (colleagues / "studio.py").write_text(IS_ANOTHER)
    monkeypatch.setenv("PYTHONPATH", str(colleagues))
    return colleagues


def pictures(folder: Path) -> Path:
    for split in ("train", "val"):
        for name in ("cat", "dog"):
            (folder / split / name).mkdir(parents=True)
            for number in range(8):
                Image.new("RGB", (40, 40), (number, 0, 0)).save(folder / split / name / f"{number}.png")
    return folder


@pytest.mark.slow
def test_a_command_in_such_a_folder_trains(colleagues: Path) -> None:
    settings = ["model.name=mlp", "method.name=sgd", "data.train_size=64", "schedule.epochs=1", "schedule.batch_size=32"]
    chosen = [word for one in (*settings, "landscape.at_end=false") for word in ("--set", one)]
    command = [sys.executable, "-m", "studio", "train", *chosen]
    done = subprocess.run(command, cwd=colleagues, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [{}, {"runtime": {"processes": 2}}, {"data": {"name": "imagenet", "image_size": 32, "workers": 1}}],
    ids=["one process", "two processes", "a process that reads pictures"],
)
def test_an_engine_trains(in_the_way: Path, launch: Launch, tmp_path: Path, more: dict[str, dict[str, object]]) -> None:
    config = {**TINY, **more}
    if "data" in more:
        data = {**more["data"], "path": str(pictures(tmp_path / "pictures"))}
        config |= {"data": data, "schedule": {"epochs": 1, "batch_size": 8}}
    run = launch(config)
    assert wait(run, ended).state == "finished", (run.path / "engine.log").read_text()
    assert "colleague" not in (run.path / "engine.log").read_text()


@pytest.mark.slow
def test_engines_can_be_forked(in_the_way: Path) -> None:
    with closing(ForkServer()) as server:
        server.keep()
        assert server.is_ready(60)


@pytest.mark.slow
def test_an_update_is_timed_and_a_checkpoint_looked_at(in_the_way: Path, launch: Launch) -> None:
    assert "from two steps timed here" in Estimator().time(read(TINY))
    run = launch(TINY)
    wait(run, ended)
    check_checkpoints.check(run.path / "checkpoints")


def test_the_installed_command_is_ours(in_the_way: Path) -> None:
    code = f"import sys; sys.path.append({str(processes.START.parent)!r}); from rwp_studio import main; sys.exit(main())"
    command = [sys.executable, "-P", "-c", code, "schema"]
    done = subprocess.run(command, cwd=in_the_way, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
