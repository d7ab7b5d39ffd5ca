"""`.ci/gpu` where there is no GPU, and nothing but what a machine for training has."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
ABSENT = ("gradio", "fastapi", "uvicorn", "plotly", "tsdownsample", "playwright", "httpx", "tqdm")

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU: run .ci/gpu itself")


def gpu(folder: Path, *parts: str) -> subprocess.CompletedProcess[str]:
    for name in ABSENT:
        (folder / f"{name}.py").write_text(f"raise ImportError({name!r})\n")
    env = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run([ROOT / ".ci/gpu", *parts], env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_gpu_test_comes_to_its_first_call_of_cuda(tmp_path: Path) -> None:
    ended = gpu(tmp_path, "tests")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert passed
    assert int(passed[1]) >= 43
    assert not re.search(r"skipped|failed|error", ended.stdout.lower())


def test_a_table_without_a_gpu_says_so(tmp_path: Path) -> None:
    ended = gpu(tmp_path, "table")
    assert (ended.returncode, "There is no GPU here" in ended.stdout) == (0, True), ended.stderr


def test_a_part_that_there_is_not_is_refused(tmp_path: Path) -> None:
    ended = gpu(tmp_path, "pictures")
    assert (ended.returncode, "tests, table" in ended.stderr) == (2, True)
