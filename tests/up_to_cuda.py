"""A pytest plugin for machines without a GPU: every test goes as far as its first call of CUDA, and fails if it never makes one.

pytest -p tests.up_to_cuda -m gpu FILE…
"""

from collections.abc import Generator

import pytest
import torch

NO_CUDA = ("Found no NVIDIA driver", "Torch not compiled with CUDA enabled")


def pytest_configure() -> None:
    """Let no test be skipped: conditions are read when its file is imported."""
    torch.cuda.is_available = lambda: True
    torch.cuda.device_count = lambda: 2


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, bool | None, bool | None]:
    try:
        yield
    except (RuntimeError, AssertionError) as error:
        if not str(error).startswith(NO_CUDA):
            raise
        return True
    pytest.fail("it never came to CUDA")
