"""Hub: server-sent events from one feed per run."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator

from engine.runs.run import Run
from studio.stream.feed import Feed

log = logging.getLogger(__name__)

ACTIVE_SECONDS = 0.25
IDLE_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 15.0
LINGER_SECONDS = 30.0


class Channel:
    """A feed that is polled while somebody listens, and the listeners to wake when it has grown."""

    def __init__(self, run: Run) -> None:
        self._feed = Feed(run)
        self._version = 0
        self._grown = asyncio.Event()
        self._busy = asyncio.Lock()
        self._messages: dict[str, tuple[str, bytes]] = {}
        self._polling: asyncio.Task[None] | None = None
        self.listeners = 0

    async def listen(self, cursor: str) -> AsyncIterator[bytes]:
        """What is new since `cursor`, again and again until the channel is closed."""
        seen = 0
        self.listeners += 1
        self._polling = self._polling or asyncio.create_task(self._poll())
        try:
            yield b"retry: 1000\n\n"
            while self._version >= 0:
                grown = self._grown
                if self._version == seen:
                    if not await _happens(grown, KEEP_ALIVE_SECONDS):
                        yield b": still here\n\n"
                    continue
                seen = self._version
                cursor, message = await self._message(cursor)
                yield message
        finally:
            self.listeners -= 1

    def close(self) -> None:
        """End the stream of every listener."""
        self._version = -1
        self._grown.set()

    async def _poll(self) -> None:
        while self.listeners and self._version >= 0:
            async with self._busy:
                if await self._refresh():
                    self._announce()
            await asyncio.sleep(ACTIVE_SECONDS if self._feed.is_active else IDLE_SECONDS)
        self._polling = None

    async def _refresh(self) -> bool:
        try:
            return await asyncio.to_thread(self._feed.refresh)
        except (sqlite3.Error, OSError) as error:  # a folder moved away or a full disk: look again later
            log.warning("cannot read the run: %s", error)
            return False

    def _announce(self) -> None:
        if self._version >= 0:
            self._version += 1
            self._messages.clear()
            grown, self._grown = self._grown, asyncio.Event()
            grown.set()

    async def _message(self, cursor: str) -> tuple[str, bytes]:
        """The message for `cursor`, made once for all who are at the same place."""
        async with self._busy:
            if cursor not in self._messages:
                self._messages[cursor] = await asyncio.to_thread(self._feed.message, cursor)
            return self._messages[cursor]


class Hub:
    """The channels in use, one per run."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._closed = False

    async def stream(self, run: Run, cursor: str) -> AsyncIterator[bytes]:
        """Server-sent events of `run` for one listener."""
        if self._closed:
            return
        channel = self._channels.setdefault(run.id, Channel(run))
        try:
            async for message in channel.listen(cursor):
                yield message
        finally:
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._free, run.id)

    @property
    def is_idle(self) -> bool:
        """Whether no run is being watched, nor was a moment ago."""
        return not self._channels

    def close(self) -> None:
        """End all streams, so that the server can stop at once."""
        self._closed = True
        for channel in self._channels.values():
            channel.close()

    def _free(self, run_id: str) -> None:
        channel = self._channels.get(run_id)
        if channel and not channel.listeners:
            del self._channels[run_id]


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
