"""What a method needs beside the memory of SGD, measured as the peak of a process of its own."""

import sys

import pytest

from benchmarks.memory import bytes_a_weight, peak


@pytest.fixture(scope="module")
def plain() -> int:
    return peak("sgd", "sequential")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process as it is")
@pytest.mark.parametrize(
    ("method", "streams", "vectors"),
    [
        ("rwp", "sequential", 1),
        ("arwp", "sequential", 1),
        ("m-rwp", "sequential", 1),
        ("m-arwp", "sequential", 1),
        ("m-arwp", "parallel", 2),
        ("sam", "sequential", 1),
    ],
)
def test_vectors_of_weights_beside_those_of_sgd(plain: int, method: str, streams: str, vectors: int) -> None:
    assert vectors - 0.1 < bytes_a_weight(method, streams, plain) / 4 < vectors + 0.1
