"""Streams: one reader for all listeners, and an end when the server wants to stop."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from studio.stream import hub as hub_module
from studio.stream.feed import Feed
from studio.stream.hub import Hub
from tests.studio.script import Script


async def next_message(stream: AsyncIterator[bytes]) -> dict[str, Any]:
    async with asyncio.timeout(5):
        async for part in stream:
            if part.startswith(b"id: "):
                found: dict[str, Any] = json.loads(part.decode().split("data: ", 1)[1])
                return found
    raise AssertionError("the stream ended")


def test_listeners_share_one_reader_and_one_message(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    message = Feed.message
    monkeypatch.setattr(Feed, "message", lambda feed, cursor: made.append(cursor) or message(feed, cursor))

    async def watch() -> None:
        hub = Hub()
        streams = [hub.stream(script.run, "") for _ in range(200)]
        first = await asyncio.gather(*map(next_message, streams))
        assert all(told == first[0] for told in first)
        script.steps(1, 3)
        second = await asyncio.gather(*map(next_message, streams))
        assert all(told["metrics"]["train/loss"]["step"] == [1, 2, 3] for told in second)
        hub.close()

    asyncio.run(watch())
    assert len(made) == 2


def test_a_slow_listener_gets_one_larger_message(script: Script) -> None:
    async def watch() -> None:
        hub = Hub()
        slow, quick = hub.stream(script.run, ""), hub.stream(script.run, "")
        await next_message(slow)
        await next_message(quick)
        for step in (1, 2, 3):
            script.steps(step, step)
            assert (await next_message(quick))["metrics"]["train/loss"]["step"] == [step]
        assert (await next_message(slow))["metrics"]["train/loss"]["step"] == [1, 2, 3]
        hub.close()

    asyncio.run(watch())


def test_closing_ends_every_stream_at_once(script: Script) -> None:
    async def watch() -> None:
        hub = Hub()
        stream = hub.stream(script.run, "")
        await next_message(stream)
        hub.close()
        async with asyncio.timeout(1):
            assert [part async for part in stream] == []
            assert [part async for part in hub.stream(script.run, "")] == []

    asyncio.run(watch())


def test_a_quiet_stream_is_kept_alive(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "KEEP_ALIVE_SECONDS", 0.05)

    async def watch() -> None:
        hub = Hub()
        stream = hub.stream(script.run, "")
        await next_message(stream)
        assert (await anext(stream)).startswith(b":")
        hub.close()

    asyncio.run(watch())


def test_nobody_listening_means_no_polling(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "LINGER_SECONDS", 0.05)

    async def watch() -> None:
        hub = Hub()
        stream = hub.stream(script.run, "")
        await next_message(stream)
        await stream.aclose()
        while len(asyncio.all_tasks()) > 1 or not hub.is_idle:
            await asyncio.sleep(0.01)

    asyncio.run(watch())
