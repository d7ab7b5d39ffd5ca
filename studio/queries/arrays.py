"""Arrays that probes have left, for a browser."""

import re

from engine.errors import Problem, Refused
from engine.runs.archive import check_arrays
from engine.runs.run import Run

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def read_arrays(run: Run, name: str) -> bytes:
    """The arrays of one file as JSON, by name, NaN as null. Raises `Refused` if there is none such, or it is damaged."""
    try:
        stored = run.file(f"arrays/{name if _NAME.fullmatch(name) else ''}.npz")
    except FileNotFoundError:
        raise Refused(Problem("array", f"{run.id} has no array {name[:64]!r}", "Reload the page")) from None
    try:
        with stored:
            return check_arrays.as_json(stored)
    except check_arrays.UNREADABLE as error:
        raise Refused(Problem("array", f"{name} is damaged ({type(error).__name__}: {error})", "Measure it again")) from None
