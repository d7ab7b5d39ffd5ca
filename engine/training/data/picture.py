"""Read one picture file."""

import io
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps
from torch import Tensor

from engine.training.data import png

_TURNS: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by the orientation that Exif tells (CIPA DC-008, tag 0x0112)."""


class Unreadable(Exception):
    """The file is no picture, or a broken one."""


class TooLarge(Exception):
    """The picture has more pixels than anyone means to have; it may be made to exhaust the memory."""


def read(path: Path, size: int) -> Tensor:
    """The middle square of the picture, as uint8 (3, size, size) RGB: its shorter side becomes `size`."""
    return pixels(ImageOps.fit(decoded(path, size), (size, size), Image.Resampling.BILINEAR))


def decoded(path: Path, least: int | None = None) -> Image.Image:
    """The picture in RGB: upright as its camera says, transparency on white, the first frame if it moves.

    A JPEG of much more than `least` pixels a side is decoded at a fraction of its size.
    """
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _decoded(file, least)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(str(error)) from None
    except Exception as error:  # noqa: BLE001 - decoders raise almost anything on broken files
        raise Unreadable(str(error)) from None


def _decoded(file: BinaryIO, least: int | None) -> Image.Image:
    is_png = file.read(len(png.SIGNATURE)) == png.SIGNATURE
    file.seek(0)
    content = png.bare(file.read()) if is_png else b""
    with Image.open(io.BytesIO(content) if is_png else file) as image:
        if least is not None:
            image.draft("RGB", (least, least))
        turn = _TURNS.get(_orientation(image))
        shade = png.transparent_shade(content)
        rgb = _rgb(image) if shade is None else png.on_white(content, shade)
    return rgb if turn is None else rgb.transpose(turn)


def pixels(image: Image.Image) -> Tensor:
    """An RGB picture as uint8 (3, H, W)."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def _orientation(image: Image.Image) -> object:
    """How the camera was held, as far as that can be read."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001 - what is broken around the pixels takes nothing from them
        return None


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGB")
