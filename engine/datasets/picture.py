"""Read one picture file as a square of pixels."""

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
    """The middle square of the picture, as uint8 (3, size, size) RGB: its shorter side becomes `size`.

    Upright as its camera says, transparency on white, the first frame if it moves.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.draft("RGB", (size, size))  # lets a JPEG be decoded at a fraction of its size
                return _pixels(ImageOps.fit(_rgb(ImageOps.exif_transpose(image)), (size, size), Image.Resampling.BILINEAR))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(str(error)) from None
    except Exception as error:  # noqa: BLE001 - decoders raise almost anything on broken files
        raise Unreadable(str(error)) from None


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGB")


def _pixels(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)
