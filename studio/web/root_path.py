"""Proxied: the studio behind a reverse proxy, below a path of another site, whether the proxy takes the path off or not.

What headers tell of the outer address is not believed: the page is told what the studio was started with.
"""

import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import Problem, Refused

_TOLD = (b"x-forwarded-host", b"x-forwarded-prefix", b"x-gradio-server")
_SERVER = b"x-gradio-server"
"""From which Gradio makes the addresses in its page: `/` is one without a scheme and a host."""
_PART = re.compile(r"[A-Za-z0-9._~-]+")


class Proxied:
    """Shows `app` every request as if it were at the root."""

    def __init__(self, app: ASGIApp, root_path: str, outer: Sequence[str]) -> None:
        self._app, self._root = app, root_path
        server = "/" if root_path else f"http://{outer[0]}" if outer else ""
        self._server = [(_SERVER, server.encode())] if server else []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [(name, value) for name, value in scope["headers"] if name not in _TOLD]
            scope = {**scope, "path": self._within(scope["path"]), "headers": [*headers, *self._server]}
        await self._app(scope, receive, send)

    def _within(self, path: str) -> str:
        while self._root and f"{path}/".startswith(f"{self._root}/"):
            path = path.removeprefix(self._root) or "/"
        return path


def root_path(given: str) -> str:
    """A root path as it is put in front of others: with a slash before it and none after it. Raises `Refused` if it is none."""
    parts = [part for part in given.split("/") if part]
    if any(part in (".", "..") or not _PART.fullmatch(part) for part in parts):
        raise Refused(Problem("--root-path", f"{given!r} is no path", "Give what comes after the host, for instance /studio"))
    return "".join(f"/{part}" for part in parts)
