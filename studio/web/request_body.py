"""What a request carries: a JSON object."""

from typing import Any

import orjson
from fastapi import Request

from engine.errors import Problem, Refused

MOST_BYTES = 65_536


async def read_body(request: Request) -> dict[str, Any]:
    """The object; an empty one if the request carries nothing. Raises `Refused` if it is anything else, or too long."""
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise Refused(Problem("body", "is too long", f"Send at most {MOST_BYTES} bytes"))
    try:
        body = orjson.loads(content) if content else {}  # which refuses NaN, half characters and what is nested too deep
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(Problem("body", "should be a JSON object", 'For example {"changes": {"method.sigma": 0.02}}'))
    return body
