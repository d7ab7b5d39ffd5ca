"""Scripts: what the browser runs and how it looks, compressed once, under a name that changes with the contents."""

import gzip
import re
from functools import cache
from hashlib import blake2b
from pathlib import Path

from fastapi import FastAPI, Request, Response

from studio.ui_files import PLOTLY, UI

FOR_EVER = "public, max-age=31536000, immutable"
_VERSION = re.compile(r"[0-9a-f]{12}")
_TYPES = {".js": "text/javascript", ".css": "text/css"}


class Scripts:
    """Our scripts and style sheet, and Plotly beside them: below /ui/VERSION, where a browser keeps them for ever."""

    def __init__(self) -> None:
        paths = sorted(path for path in UI.rglob("*") if path.suffix in _TYPES)
        self._plain = {path.relative_to(UI).as_posix(): path.read_bytes() for path in paths} | {PLOTLY.name: PLOTLY.read_bytes()}
        digest = blake2b(digest_size=6)
        for name, content in self._plain.items():
            digest.update(b"%s %d " % (name.encode(), len(content)) + content)
        self.version = digest.hexdigest()
        self._compressed = cache(lambda name: gzip.compress(self._plain[name], mtime=0))

    @property
    def names(self) -> list[str]:
        """All but Plotly, which is fetched when the first chart is wanted."""
        return [name for name in self._plain if name != PLOTLY.name]

    def response(self, request: Request, version: str, name: str) -> Response:
        """One of the files; of an older version, which a page still open may ask for, what there is now."""
        if name not in self._plain:
            return Response(status_code=404)
        headers = {"cache-control": FOR_EVER if version == self.version else "no-cache", "vary": "accept-encoding"}
        is_taken = "gzip" in request.headers.get("accept-encoding", "")
        content = self._compressed(name) if is_taken else self._plain[name]
        if is_taken:
            headers["content-encoding"] = "gzip"
        return Response(content, media_type=_TYPES[Path(name).suffix], headers=headers)


@cache
def scripts() -> Scripts:
    """The scripts of this program, read once."""
    return Scripts()


def place(root: str) -> str:
    """Where they are, for a page below the path `root`."""
    return f"{root}/ui/{scripts().version}"


def add_scripts(app: FastAPI) -> None:
    """Let `app` answer for them."""

    @app.get("/ui/{path:path}", include_in_schema=False)
    def script(request: Request, path: str) -> Response:
        version, _, name = path.partition("/")
        is_versioned = _VERSION.fullmatch(version)
        return scripts().response(request, version if is_versioned else "", name if is_versioned else path)
