"""Read one picture file."""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor


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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if least is not None:
                    image.draft("RGB", (least, least))
                return _rgb(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(str(error)) from None
    except Exception as error:  # noqa: BLE001 - decoders raise almost anything on broken files
        raise Unreadable(str(error)) from None


def pixels(image: Image.Image) -> Tensor:
    """An RGB picture as uint8 (3, H, W)."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGB")
