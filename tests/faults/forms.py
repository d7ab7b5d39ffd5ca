"""Two forms of one test: a short one for every day, and a long one with the full count, for `pytest -m long`."""

import pytest


def counts(short: int, long: int, minutes: int = 30) -> pytest.MarkDecorator:
    """Give a test its `count`: `short`, or in the long form, which may take so many minutes, `long`."""
    full = pytest.param(long, id="long", marks=[pytest.mark.long, pytest.mark.timeout(60 * minutes)])
    return pytest.mark.parametrize("count", [pytest.param(short, id="short"), full])
