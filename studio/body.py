"""What a request carries: a JSON object, or a file."""

from pathlib import Path
from typing import Any

import orjson
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

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


async def save_body(request: Request, path: Path, most_bytes: int) -> None:
    """Write the file that a request carries to `path`, piece by piece. Raises `Refused` if it is too long or breaks off."""
    too_long = Refused(Problem("archive", "is too large", f"Send at most {most_bytes / 2**30:g} GiB, or use `rwp-studio import`"))
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > most_bytes:
        raise too_long
    received = 0
    with path.open("wb") as file:
        try:
            async for part in request.stream():
                received += len(part)
                if received > most_bytes:
                    raise too_long
                await run_in_threadpool(file.write, part)
        except ClientDisconnect:
            raise Refused(Problem("archive", "did not arrive whole", "Send it again")) from None
