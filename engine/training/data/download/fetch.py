"""Fetch a file from the network: checked against its MD5 sum, and there in full or not at all."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from engine.training.data.progress import Progress

TIMEOUT = 15.0
CHUNK = 1 << 18


@dataclass(frozen=True)
class Archive:
    """A file that can be downloaded: where it belongs, what it unpacks to, whence it comes, and its sum."""

    path: Path
    holds: tuple[Path, ...]
    urls: tuple[str, ...]
    md5: str


class Unreachable(Exception):
    """Why a file could not be fetched from one place, or from any."""


def fetch(archive: Archive, progress: Progress) -> None:
    """Download `archive` from the first of its places that has it. Raises `Unreachable`, or `OSError` of the disk."""
    part = archive.path.with_name(f".{archive.path.name}.{os.getpid()}.part")
    reasons = []
    try:
        for url in archive.urls:
            try:
                _download(url, part, archive.md5, progress)
            except Unreachable as error:
                reasons.append(f"{urlsplit(url).hostname}: {error}")
            else:
                part.replace(archive.path)
                return
    finally:
        part.unlink(missing_ok=True)
    raise Unreachable("; ".join(reasons))


def _download(url: str, part: Path, md5: str, progress: Progress) -> None:
    """The content of `url` into the file `part`."""
    digest, done, name = hashlib.md5(usedforsecurity=False), 0, url.rpartition("/")[2]
    with part.open("wb") as file:
        for chunk, total in _chunks(url):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            progress(f"Downloading {name}: {_megabytes(done, total)}", done / total if total else None)
    if digest.hexdigest() != md5:
        raise Unreachable(f"{name} came with the wrong MD5 sum")


def _chunks(url: str) -> Iterator[tuple[bytes, int]]:
    """The content of `url` piece by piece, each with the total size (0: unknown)."""
    done = total = 0
    try:
        request = Request(url, headers={"User-Agent": "rwp-studio"})  # noqa: S310 - the addresses are torchvision's
        with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            total = int(response.headers.get("Content-Length", 0))
            while chunk := response.read1(CHUNK):
                done += len(chunk)
                yield chunk, total
    except (OSError, HTTPException) as error:
        raise Unreachable(_reason(error)) from None
    if done < total:
        raise Unreachable(f"the connection broke after {_megabytes(done, total)}")


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP {error.code} {error.reason}"
    return str(error.reason if isinstance(error, URLError) else error) or type(error).__name__


def _megabytes(done: int, total: int) -> str:
    return f"{done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{done / 1e6:.1f} MB"
