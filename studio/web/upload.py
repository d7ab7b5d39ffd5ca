"""Upload: a file that a request carries, taken in as long as there is room for it and it keeps coming."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from engine.errors import Problem, Refused

IDLE_SECONDS = 30.0
"""How long the next piece may take."""
LEAST_RATE = 1024
"""Bytes a second below which, once it has been idle that long in all, an upload is no longer worth its room."""
MARGIN = 2**26
"""What is left of the disk for the runs that train meanwhile."""
_promised: dict[object, int] = {}
"""Bytes that uploads under way have announced and not yet brought, and those that unpacking them takes."""


async def save_upload(request: Request, path: Path, most_bytes: int) -> None:
    """Write the file to `path`, piece by piece. Raises `Refused` if it is too long, has no room, stalls or breaks off."""
    length, key = _announced(request, most_bytes), object()
    _check_room(path, 2 * length)
    _promised[key] = 2 * length
    received = 0
    try:
        with path.open("wb") as file:
            async for part in _pieces(request):
                received += len(part)
                if received > most_bytes:
                    raise _too_long(most_bytes)
                await run_in_threadpool(file.write, part)
                _promised[key] = max(2 * length - received, length, received)
                _check_room(path, 0)
    except ClientDisconnect:
        raise Refused(Problem("archive", "did not arrive whole", "Send it again")) from None
    finally:
        del _promised[key]


def _announced(request: Request, most_bytes: int) -> int:
    """The length that the request says, 0 if it says none."""
    said = request.headers.get("content-length", "")
    length = int(said[:20]) if said.isdecimal() else 0
    if length > most_bytes:
        raise _too_long(most_bytes)
    return length


def _too_long(most_bytes: int) -> Refused:
    return Refused(Problem("archive", "is too large", f"Send at most {most_bytes / 2**30:g} GiB, or use `rwp-studio import`"))


def _check_room(path: Path, more: int) -> None:
    """Refuse what would not leave the disk its margin, with all that other uploads have been promised."""
    free = shutil.disk_usage(path.parent).free
    if more + sum(_promised.values()) + MARGIN > free:
        what = f"has no room: {free / 1e9:.1f} GB are free, and an archive takes twice its size until it is unpacked"
        raise Refused(Problem("archive", what, "Make room, or wait for other uploads"))


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    began, received, stream = time.monotonic(), 0, request.stream()
    while True:
        try:
            part = await asyncio.wait_for(anext(stream), IDLE_SECONDS)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise _stalled() from None
        received += len(part)
        elapsed = time.monotonic() - began
        if elapsed > IDLE_SECONDS and received < LEAST_RATE * elapsed:
            raise _stalled()
        yield part


def _stalled() -> Refused:
    return Refused(Problem("archive", "came too slowly, or no longer at all", "Send it again"))
