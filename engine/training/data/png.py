"""PNG (W3C, Portable Network Graphics): the parts of a file that tell what is to be seen, and a shade that is transparent."""

import struct
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB = 0, 2
ORIENTATION = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0\0")
"""Keywords of texts, the second not compressed, in which some programs keep how a camera was held."""
LONGEST_TEXT = 2**16


def bare(content: bytes) -> bytes:
    """A PNG without texts, colour profiles and animation, on which readers stumble: with its pixels and their orientation."""
    return SIGNATURE + b"".join(chunk for kind, chunk in _chunks(content) if _is_needed(kind, chunk))


def transparent_shade(content: bytes) -> tuple[int, ...] | None:
    """The one grey or colour that is to be seen through, as it is stored, if there is one."""
    chunks = dict(_chunks(content))
    kind = chunks[b"IHDR"][17] if len(chunks.get(b"IHDR", b"")) >= 25 else None
    if b"tRNS" not in chunks or kind not in (GREY, RGB):
        return None
    count = 1 if kind == GREY else 3
    shade = struct.unpack(f">{count}H", chunks[b"tRNS"][8 : 8 + 2 * count])
    depth = chunks[b"IHDR"][16]
    return tuple(value * 255 // (2**depth - 1) for value in shade) if depth < 8 else shade


def on_white(content: bytes, shade: tuple[int, ...]) -> Image.Image:
    """A grey or coloured PNG in RGB with white for `shade`, compared in all its bits."""
    from torchvision.io import ImageReadMode, decode_png

    stored = decode_png(torch.frombuffer(bytearray(content), dtype=torch.uint8), ImageReadMode.RGB).permute(1, 2, 0).numpy()
    is_clear = (stored == np.array(shade, stored.dtype)).all(axis=2, keepdims=True)
    return Image.fromarray(np.where(is_clear, np.uint8(255), _eight_bits(stored)))


def _eight_bits(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    return (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels.astype(np.uint8)


def _is_needed(kind: bytes, chunk: bytes) -> bool:
    is_critical = not kind[0] & 0x20
    is_orientation = kind in {b"tEXt", b"zTXt", b"iTXt"} and chunk[8:].startswith(ORIENTATION) and len(chunk) < LONGEST_TEXT
    return is_critical or kind in {b"tRNS", b"eXIf"} or is_orientation


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk by its kind, whole; where the file breaks off, what is there of it."""
    at = len(SIGNATURE)
    while at + 8 <= len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        yield content[at + 4 : at + 8], content[at : at + 12 + length]
        at += 12 + length
