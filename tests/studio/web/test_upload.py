"""An upload keeps its room only as long as it comes, and takes no room that is not there."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request

from engine.errors import Refused
from engine.runs.archive.staging import sweep
from studio.web import upload
from studio.web.upload import MARGIN, save_upload

MOST = 2**30
Sender = Callable[[], AsyncIterator[bytes]]


def request(send: Sender, length: int | None = None) -> Request:
    parts = send()

    async def receive() -> dict[str, Any]:
        try:
            return {"type": "http.request", "body": await anext(parts), "more_body": True}
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}

    headers = [] if length is None else [(b"content-length", str(length).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Free bytes of the disk, less what has been written."""
    room = [MARGIN + 1000]

    def usage(_: Path) -> Any:
        used = sum(path.stat().st_size for path in tmp_path.iterdir())
        return shutil._ntuple_diskusage(10**12, used, room[0] - used)  # type: ignore[attr-defined]

    monkeypatch.setattr(shutil, "disk_usage", usage)
    return room


async def endless() -> AsyncIterator[bytes]:
    yield b"x"
    await asyncio.Event().wait()


async def slow() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await asyncio.sleep(0.01)


async def whole() -> AsyncIterator[bytes]:
    for _ in range(4):
        yield bytes(100)


@pytest.mark.parametrize("send", [endless, slow], ids=["stalls", "drips"])
def test_what_no_longer_comes_gives_its_room_back(tmp_path: Path, send: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "IDLE_SECONDS", 0.1)
    with pytest.raises(Refused, match="came too slowly, or no longer at all"):
        asyncio.run(save_upload(request(send, 1000), tmp_path / "x", MOST))
    assert upload._promised == {}


def test_an_announced_length_for_which_there_is_no_room_is_refused_before_anything_comes(tmp_path: Path, free: list[int]) -> None:
    asked: list[bool] = []

    async def send() -> AsyncIterator[bytes]:
        asked.append(True)
        yield b""

    with pytest.raises(Refused, match="has no room"):
        asyncio.run(save_upload(request(send, 501), tmp_path / "x", MOST))
    assert (asked, list(tmp_path.iterdir()), upload._promised) == ([], [], {})
    asyncio.run(save_upload(request(whole, 400), tmp_path / "x", MOST))
    assert (tmp_path / "x").stat().st_size == 400


def test_a_length_that_is_not_announced_ends_before_the_disk_is_full(tmp_path: Path, free: list[int]) -> None:
    async def send() -> AsyncIterator[bytes]:
        while True:
            yield bytes(20_000)

    free[0] = MARGIN + 100_000
    with pytest.raises(Refused, match="has no room"):
        asyncio.run(save_upload(request(send), tmp_path / "x", MOST))
    assert 0 < (tmp_path / "x").stat().st_size <= 100_000


def test_uploads_at_the_same_time_share_the_room(tmp_path: Path, free: list[int]) -> None:
    async def together() -> None:
        first_comes, may_end = asyncio.Event(), asyncio.Event()

        async def send() -> AsyncIterator[bytes]:
            yield bytes(100)
            first_comes.set()
            await may_end.wait()
            yield bytes(300)

        first = asyncio.create_task(save_upload(request(send, 400), tmp_path / "a", MOST))
        await first_comes.wait()
        with pytest.raises(Refused, match="has no room"):
            await save_upload(request(whole, 400), tmp_path / "b", MOST)
        may_end.set()
        await first
        (tmp_path / "a").unlink()
        await save_upload(request(whole, 400), tmp_path / "b", MOST)

    asyncio.run(together())


def test_what_a_killed_studio_has_left_is_gone_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / ".transfer-abc").mkdir()
    (tmp_path / ".transfer-abc/upload.zip").write_bytes(bytes(100))
    (tmp_path / "a run").mkdir()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".transfer.lock", "a run"]
