"""Pictures of every kind, against a decoder that is written down here."""

import itertools
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from engine.training.data.decode import MiddleCrop
from engine.training.data.picture import decoded, read

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
TRANSPARENCIES = {
    GREY: ("none", "a shade", "a shade that is not there"),
    RGB: ("none", "a shade", "a shade that is not there"),
    PALETTE: ("none", "a table"),
    GREY_ALPHA: ("none",),
    RGBA: ("none",),
}
KINDS = [(kind, depth, way) for kind in SAMPLES for depth, way in itertools.product(DEPTHS[kind], TRANSPARENCIES[kind])]


class Png(NamedTuple):
    """A picture as it is stored: samples (H, W, C), and chunks between header and pixels."""

    kind: int
    depth: int
    samples: NDArray[np.int64]
    chunks: tuple[tuple[bytes, bytes], ...] = ()

    def content(self) -> bytes:
        height, width, _ = self.samples.shape
        header = struct.pack(">IIBBBBB", width, height, self.depth, self.kind, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + packed(row.flatten().tolist(), self.depth) for row in self.samples))
        parts = [(b"IHDR", header), *self.chunks, (b"IDAT", pixels), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)

    def shown(self) -> NDArray[np.int64]:
        """What is to be seen on white, in 8 bits (H, W, 3)."""
        named = dict(self.chunks)
        high = self.samples >> 8 if self.depth == 16 else self.samples * 255 // (2**self.depth - 1)
        alpha = np.full((*high.shape[:2], 1), 255)
        if self.kind == PALETTE:
            colours = np.frombuffer(named[b"PLTE"], np.uint8).reshape(-1, 3).astype(np.int64)
            table = np.frombuffer(named.get(b"tRNS", b""), np.uint8)
            alphas = np.concatenate([table, np.full(len(colours) - len(table), 255)])
            high, alpha = colours[self.samples[..., 0]], alphas[self.samples]
        elif self.kind in (GREY_ALPHA, RGBA):
            high, alpha = high[..., :-1], high[..., -1:]
        elif b"tRNS" in named:
            shade = np.frombuffer(named[b"tRNS"], ">u2")
            alpha = np.where((self.samples == shade).all(axis=2, keepdims=True), 0, 255)
        return np.broadcast_to((high * alpha + 255 * (255 - alpha)) / 255, (*high.shape[:2], 3)).round().astype(np.int64)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def packed(values: list[int], depth: int) -> bytes:
    if depth >= 8:
        return b"".join(value.to_bytes(depth // 8, "big") for value in values)
    bits = "".join(format(value, f"0{depth}b") for value in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def drawn(kind: int, depth: int, transparency: str) -> Png:
    """Random samples, the transparent shade among them or not, and near ones that are not transparent."""
    draws = np.random.default_rng(kind * 100 + depth)
    samples = draws.integers(0, 2**depth, (20, 20, SAMPLES[kind]))
    chunks: list[tuple[bytes, bytes]] = []
    if kind == PALETTE:
        chunks.append((b"PLTE", draws.integers(0, 256, 3 * 2**depth, np.uint8).tobytes()))
    if transparency == "a table":
        chunks.append((b"tRNS", draws.integers(0, 256, 2**depth - 1, np.uint8).tobytes()))
    elif transparency != "none":
        samples[0, 0] = samples[5, 7]
        samples[0, 1] = samples[0, 0] ^ 1  # which differs in its lowest bit alone
        shade = samples[0, 0].copy()
        if transparency == "a shade that is not there":
            samples[(samples == shade).all(axis=2)] ^= 1
        chunks.append((b"tRNS", struct.pack(f">{len(shade)}H", *shade.tolist())))
    return Png(kind, depth, samples, tuple(chunks))


@pytest.mark.parametrize(("kind", "depth", "transparency"), KINDS)
def test_every_png_is_seen_as_it_is_meant(tmp_path: Path, kind: int, depth: int, transparency: str) -> None:
    png = drawn(kind, depth, transparency)
    path = tmp_path / "picture.png"
    path.write_bytes(png.content())
    found = np.array(decoded(path)).astype(np.int64)
    assert np.abs(found - png.shown()).max() <= (1 if kind in (GREY_ALPHA, RGBA, PALETTE) else 0)  # by how alpha is rounded
    assert torch.equal(read(path, 20), torch.from_numpy(found).permute(2, 0, 1).to(torch.uint8))


def test_an_interlaced_picture_with_a_transparent_shade(tmp_path: Path) -> None:
    """Pillow does not write such files: this one was put together of its seven passes."""
    samples = np.arange(64).reshape(8, 8) * 4
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = [row for y, x, dy, dx in passes for row in samples[y::dy, x::dx]]
    header = struct.pack(">IIBBBBB", 8, 8, 8, GREY, 0, 0, 1)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row.tolist()) for row in rows))
    parts = [(b"IHDR", header), (b"tRNS", struct.pack(">H", 100)), (b"IDAT", pixels), (b"IEND", b"")]
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    found = np.array(decoded(path))[..., 0]
    assert np.array_equal(found, np.where(samples == 100, 255, samples))


TURNED = Image.fromarray(np.arange(60, dtype=np.uint8).reshape(6, 10) * 4)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
@pytest.mark.parametrize("is_odd", [False, True])
def test_a_picture_is_upright_also_where_other_metadata_is_broken(tmp_path: Path, turn: int, kind: str, is_odd: bool) -> None:
    entries = [struct.pack("<HHIHH", 0x112, 3, 1, turn, 0)] + is_odd * [struct.pack("<HHI4s", 0x100, 2, 4, b"abc\0")]
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    path = tmp_path / f"picture.{kind}"
    TURNED.convert("RGB").save(path, exif=exif, quality=100, **({"lossless": True} if kind == "webp" else {}))
    stored = np.array(TURNED).astype(int)
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.T,
        6: stored[::-1].T,
        7: stored[::-1, ::-1].T,
        8: stored[:, ::-1].T,
    }[turn]
    found = np.array(decoded(path))[..., 1].astype(int)
    assert found.shape == upright.shape
    assert np.abs(found - upright).max() <= 6  # by JPEG


def with_text(keyword: str, text: str, *, is_packed: bool) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text(keyword, text, zip=is_packed)
    return info


def with_international_text(text: str) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", text, zip=True)
    return info


ODD = {
    "garbage for Exif in PNG": ("png", {"exif": b"\0\x08\0\x02\x01\x12\0\x03"}),
    "garbage for Exif in WebP": ("webp", {"exif": b"garbage!!", "lossless": True}),
    "garbage for Exif in JPEG": ("jpg", {"exif": b"Exif\0\0II*\0\xff\xff\xff\xff"}),
    "a big packed text": ("png", {"pnginfo": with_text("parameters", "x" * 2_000_000, is_packed=True)}),
    "a big packed international text": ("png", {"pnginfo": with_international_text("x" * 2_000_000)}),
    "a big text": ("png", {"pnginfo": with_text("parameters", "x" * 70_000_000, is_packed=False)}),
    "a big colour profile": ("png", {"icc_profile": bytes(3_000_000)}),
    "garbage for an orientation in a text": ("png", {"pnginfo": with_text("Raw profile type exif", "zz", is_packed=True)}),
}


@pytest.mark.parametrize("odd", ODD)
def test_whole_pixels_are_read_whatever_stands_around_them(tmp_path: Path, odd: str) -> None:
    kind, more = ODD[odd]
    path = tmp_path / f"picture.{kind}"
    Image.new("RGB", (40, 20), (200, 100, 50)).save(path, **more)
    found = np.array(decoded(path)).astype(int)
    assert np.abs(found - np.array((200, 100, 50))).max() <= 3


def test_an_orientation_in_a_text_is_heeded(tmp_path: Path) -> None:
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + struct.pack(">HHIHH", 0x112, 3, 1, 6, 0) + bytes(4)
    text = f"\nexif\n{len(exif):8}\n{exif.hex()}\n"
    path = tmp_path / "picture.png"
    Image.new("RGB", (40, 20)).save(path, pnginfo=with_text("Raw profile type exif", text, is_packed=True))
    assert decoded(path).size == (20, 40)


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (2, 100), (100, 3), (30, 479), (479, 30)])
def test_a_thin_picture_is_cropped_before_it_is_enlarged(size: tuple[int, int]) -> None:
    """Its middle is that of the usual way: enlarge all of it, then crop."""
    width, height = size
    ramp = np.broadcast_to(np.linspace(0, 255, max(size)).astype(np.uint8), (min(size), max(size)))
    image = Image.fromarray(ramp if width > height else ramp.T).convert("RGB")
    found = MiddleCrop(28)(image, 0).float()
    scale = 32 / min(size)
    usual = image.resize((round(width * scale), round(height * scale)), Image.Resampling.BILINEAR)
    left, top = (usual.width - 28) // 2, (usual.height - 28) // 2
    expected = torch.from_numpy(np.array(usual.crop((left, top, left + 28, top + 28)))).permute(2, 0, 1).float()
    assert (found - expected).abs().max() <= 4


def test_a_strip_takes_no_more_memory_than_its_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    resize = Image.Image.resize

    def watched(self: Image.Image, size: tuple[int, int], *rest: object, **more: object) -> Image.Image:
        sizes.append(size[0] * size[1])
        return resize(self, size, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "resize", watched)
    MiddleCrop(224)(Image.new("RGB", (1, 60_000)), 0)
    assert sizes
    assert max(sizes) <= 4 * 256 * 256
