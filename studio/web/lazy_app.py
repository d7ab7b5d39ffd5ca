"""Lazy app: an application that takes seconds to load, behind a server that answers at once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)


class LazyApp:
    """Loads an application in a thread; whoever asks for it before waits, at most until it is closed."""

    def __init__(self, load: Callable[[], FastAPI]) -> None:
        self._load = load

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            app: ASGIApp = await asyncio.shield(self._loaded)
        except asyncio.CancelledError:
            if not self._loaded.cancelled():
                raise
            app = PlainTextResponse("The studio is closing", 503)
        await app(scope, receive, send)

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._loaded.cancel()

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Load while the server is up, and let the application begin and end with it."""
        self._loaded: asyncio.Future[FastAPI] = asyncio.get_running_loop().create_future()
        closing = asyncio.Event()
        living = asyncio.create_task(self._live(closing))
        try:
            yield
        finally:
            closing.set()
            await living

    async def _load_in_a_loop(self) -> FastAPI:
        """Gradio leaves a loop behind where none is running."""
        return self._load()

    async def _live(self, closing: asyncio.Event) -> None:
        try:
            app = await asyncio.to_thread(asyncio.run, self._load_in_a_loop())
            async with app.router.lifespan_context(app):
                if not self._loaded.done():
                    self._loaded.set_result(app)
                await closing.wait()
        except Exception as error:
            log.exception("the page cannot be loaded")
            if not self._loaded.done():
                self._loaded.set_exception(error)
