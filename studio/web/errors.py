"""Answers to requests that were refused, or that the disk did not take."""

import logging
from collections.abc import Iterable

from fastapi import Request
from fastapi.responses import JSONResponse

from engine.errors import Problem, Refused
from engine.files.space import why_not_written

log = logging.getLogger(__name__)


def refusal(_: Request, error: Exception) -> JSONResponse:
    """A refused request, as JSON that names every problem."""
    problems: Iterable[Problem] = error.problems if isinstance(error, Refused) else ()
    missing = any(problem.field in ("run", "array", "trace") for problem in problems)
    content = {"problems": [{"field": p.field, "what": p.what, "cure": p.cure} for p in problems]}
    return JSONResponse(content, 404 if missing else 400)


def unwritable(_: Request, error: Exception) -> JSONResponse:
    """A request that the disk did not take, as JSON that names why."""
    log.warning("a request failed: %s", error)
    what = f"{why_not_written(error) or 'a file could not be read or written'}: {error}"
    problem = {"field": "disk", "what": what, "cure": "Make room, or make the folder writable, and try again"}
    return JSONResponse({"problems": [problem]}, 507)
