"""Several processes take the steps that one takes."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.experiment.overrides import merge
from tests.engine.training.streams.ranks import APART, CASES, loop_of, trained

pytestmark = pytest.mark.slow

Results = dict[str, Any]
FOUR = ("sgd", "sam, m-sharpness", "arwp", "m-arwp", "lpf-sgd")


def made_by(size: int, folder: Path, *names: str) -> list[Results]:
    """What each of `size` processes finds when they train together, case by case."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    there = {**os.environ, "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, "-m", "tests.engine.training.streams.ranks", str(folder), *names]
    ranks = [subprocess.Popen(command, env={**there, "RANK": str(rank)}) for rank in range(size)]
    try:
        assert [rank.wait(120) for rank in ranks] == [0] * size
    finally:
        for rank in ranks:
            rank.kill()
            rank.wait()
    return [torch.load(folder / f"rank-{rank}.pt", weights_only=True) for rank in range(size)]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    return made_by(2, tmp_path_factory.mktemp("two"), *CASES, *APART)


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    return made_by(4, tmp_path_factory.mktemp("four"), *FOUR)


def assert_close(one: Any, other: Any, tolerance: float) -> None:
    """Nested containers of tensors and numbers that differ by a part `tolerance` at most."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_close(one[key], other[key], tolerance)
    elif isinstance(one, list | tuple):
        for a, b in zip(one, other, strict=True):
            assert_close(a, b, tolerance)
    elif isinstance(one, Tensor | float | int):
        a, b = (torch.as_tensor(value).double() for value in (one, other))
        assert (a - b).norm() <= tolerance * b.norm()
    else:
        assert one == other


@pytest.mark.parametrize("name", CASES)
def test_every_way_gives_the_same_curves_and_the_same_checkpoint(two: list[Results], name: str) -> None:
    sequential = trained(loop_of(CASES[name], name), "sequential")
    parallel = trained(loop_of(CASES[name], name), "parallel")
    distributed = two[0][name]
    assert distributed["way"] == "distributed"
    exact = CASES[name]["method"]["name"] in ("m-rwp", "m-arwp", "nso")  # the first gradient of sampa is shared by all
    for key in ("curves", "state"):
        assert_close(parallel[key], sequential[key], 0.0)
        assert_close(distributed[key], sequential[key], 0.0 if exact else 1e-11)


@pytest.mark.parametrize("name", FOUR)
def test_four_processes_too(four: list[Results], name: str) -> None:
    sequential = trained(loop_of(CASES[name], name), "sequential")
    for key in ("curves", "state"):
        assert_close(four[0][name][key], sequential[key], 1e-11)


@pytest.mark.parametrize("name", [*CASES, *APART])
def test_all_processes_keep_bitwise_the_same_weights(two: list[Results], four: list[Results], name: str) -> None:
    for ranks in (two, four if name in FOUR else two):
        for other in ranks[1:]:
            for part in ("weights", "optimizer", "v", "memory"):
                assert_close(other[name]["state"][part], ranks[0][name]["state"][part], 0.0)


@pytest.mark.parametrize("name", ["sam, apart", "gsam, apart"])
def test_an_epsilon_of_its_own_is_m_sharpness(two: list[Results], name: str) -> None:
    half = merge(APART[name], {"method": {"m_sharpness": 8}, "runtime": {"ascent": "synchronised"}})
    sequential = trained(loop_of(half, name), "sequential")
    curves = [[row["train/loss"] for row in found["curves"]] for found in (two[0][name], sequential)]
    assert_close(*curves, 1e-11)
    assert_close(two[0][name]["state"]["weights"], sequential["state"]["weights"], 1e-11)
