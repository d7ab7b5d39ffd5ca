"""Guard: who may talk to the studio, decided before anything else sees the request."""

import ipaddress
from collections.abc import Container, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio's page needs inline scripts and compiles its templates; nothing is ever fetched from another host.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """Refuses foreign hosts and foreign pages, and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], outer: Iterable[str]) -> None:
        self._app = app
        self._outer = frozenset(outer)
        self._hosts = frozenset(hosts) | {_hostname(name) for name in self._outer}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # there are none here
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await (self._refusal(scope) or self._app)(scope, receive, _with_headers(send))
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_allowed(host):
            return _refuse(400, "This address is not one of the studio's", "Open the address that rwp-studio printed")
        if _is_foreign(scope, headers, {host, *self._outer}):
            cure = "Open the studio itself, or if this is its page behind a proxy, name it with --allowed-host"
            return _refuse(403, "The request comes from another site", cure)
        return None

    def _is_allowed(self, host: str) -> bool:
        name = _hostname(host)
        return name in self._hosts or ("*" in self._hosts and _is_address(name))


def _is_foreign(scope: Scope, headers: Headers, own: Container[str]) -> bool:
    """Whether another site's page sent this. Following a link to the studio's front page is fine."""
    origin = headers.get("origin")
    if origin is not None and _netloc(origin) not in own:
        return True
    if headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return False
    follows_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (follows_link and scope["method"] == "GET" and scope["path"] == "/")


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Whether this is a bare IP address, which no foreign name can be made to point from."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refuse(status: int, what: str, cure: str) -> JSONResponse:
    return JSONResponse({"problems": [{"field": "", "what": what, "cure": cure}]}, status)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
