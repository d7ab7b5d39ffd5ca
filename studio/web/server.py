"""The server: guard, live streams, the browser's files, and the Gradio page."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from engine import processes
from engine.errors import Problem, Refused
from engine.launch.fork_server import fork_server
from engine.runs.archive.staging import sweep
from studio.pages.scripts import add_scripts
from studio.queries import cost
from studio.queries.drawing import DrawingReader
from studio.queries.listing import Listing
from studio.stream.hub import Hub
from studio.web import address
from studio.web.autostart import AutoStart
from studio.web.errors import refusal, unwritable
from studio.web.gradio_gate import Gate
from studio.web.guard import Guard
from studio.web.lazy_app import LazyApp
from studio.web.offline import go_offline
from studio.web.root_path import Proxied, root_path
from studio.web.routes.checkpoints import checkpoint_routes
from studio.web.routes.comparison import comparison_routes
from studio.web.routes.library import library_routes
from studio.web.routes.queue import queue_routes
from studio.web.routes.runs import run_routes
from studio.web.routes.tensorboard import Board, tensorboard_routes
from studio.web.temporary_files import scratch

PORTS_TRIED = 100


def serve(
    *,
    host: str,
    port: int,
    runs: Path,
    data: Path,
    inbrowser: bool,
    auto_resume: bool,
    warm_engine: bool,
    no_authentication: bool,
    allowed_hosts: list[str],
    root: str,
) -> None:
    """Open the studio and stay until Ctrl-C. Prints the address once it answers."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    go_offline()
    outer, root = [address.outer(name) for name in allowed_hosts], root_path(root)
    listens = address.address(host, port, no_authentication)
    listener = listen(listens, port)
    url = f"http://{_printable(host or listens)}:{listener.getsockname()[1]}"
    app = create_app(runs, data, address.names(host, listens), outer, root)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, proxy_headers=False, server_header=False, timeout_graceful_shutdown=1
    )
    sweep(runs)
    if warm_engine:
        fork_server.keep()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # which uvicorn, once it has stopped in good order, lets happen
    ends = (fork_server, app.state.board, app.state.reader)
    with contextlib.suppress(KeyboardInterrupt), scratch(), contextlib.ExitStack() as stack:
        for one in ends:
            stack.enter_context(contextlib.closing(one))
        _Server(config, url, (app.state.hub, app.state.page), AutoStart(runs, data, auto_resume), inbrowser).run([listener])
    gc.freeze()  # the interpreter ends at once, instead of looking for garbage among all that Gradio has made


def create_app(runs: Path, data: Path, hosts: Iterable[str], outer: Sequence[str] = (), root: str = "") -> FastAPI:
    """The whole studio over one folder of runs, answering to these host names only.

    Behind a proxy, `outer` are the names and ports under which people open it, and `root` the path below which.
    """
    runs.mkdir(parents=True, exist_ok=True)
    listing = Listing(runs)
    page = LazyApp(lambda: _page(runs, data, root))
    app = FastAPI(title="RWP Studio", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", lifespan=page.lifespan)
    app.state.hub, app.state.page, app.state.board, app.state.reader = Hub(), page, Board(runs), DrawingReader()
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=6)  # which leaves streams and archives as they are
    app.add_middleware(Guard, hosts=hosts, outer=outer)
    app.add_middleware(Proxied, root_path=root, outer=outer)
    app.add_exception_handler(Refused, refusal)
    for fault in (OSError, sqlite3.Error):
        app.add_exception_handler(fault, unwritable)
    app.include_router(queue_routes(runs, data))
    app.include_router(checkpoint_routes(runs, data))
    app.include_router(library_routes(runs))
    app.include_router(run_routes(runs, data, app.state.hub, listing, app.state.reader))
    app.include_router(comparison_routes(listing, runs, data))
    app.include_router(tensorboard_routes(app.state.board))
    add_scripts(app)
    app.mount("/", page)
    return app


def _page(runs: Path, data: Path, root: str) -> FastAPI:
    from studio.pages.app import mount  # loading Gradio takes seconds: open pages find their run again before that

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Gate, events=mount(app, runs, data, root))
    return app


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `port`, or on the next one that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + PORTS_TRIED, 65_536)):
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
        except OSError as error:
            listener.close()
            reason = error
        else:
            return listener
    raise Refused(Problem("--port", f"no port from {port} on can be used: {reason}", "Choose another --port or --host"))


class _Server(uvicorn.Server):
    """Says where it is when it answers, and lets nobody wait for what it will not give before it stops."""

    def __init__(
        self, config: uvicorn.Config, url: str, waited_for: Sequence[Hub | LazyApp], keeper: AutoStart, inbrowser: bool
    ) -> None:
        super().__init__(config)
        self._url, self._waited_for, self._keeper, self._inbrowser = url, waited_for, keeper, inbrowser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._keeping = asyncio.create_task(self._keeper.watch())
        print(f"RWP Studio is open at {self._url}", flush=True)
        if self._inbrowser:
            show = processes.python("webbrowser", self._url)
            process = {"env": processes.environment(), "stdout": subprocess.DEVNULL, "check": False}
            threading.Thread(target=subprocess.run, args=(show,), kwargs=process, daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for one in self._waited_for:
            one.close()
        self._keeping.cancel()
        cost.end()
        await super().shutdown(sockets)


def _printable(host: str) -> str:
    return f"[{host}]" if ":" in host else host
