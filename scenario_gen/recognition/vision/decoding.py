"""One image file as a small array, by pillow (extra ``vision``): turned as its EXIF says, laid on black where transparent, in 8-bit RGB."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .missing import MissingExtraError

Pixels = NDArray[np.uint8]

_WHITE_16_BIT = 65535
_TRANSPARENT = ("RGBA", "RGBa", "LA", "PA")


def pillow() -> Any:
    """Return the module ``PIL.Image``; MissingExtraError where pillow is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("pillow is not installed; pip install 'quakeops[vision]'", name="PIL") from None
    return Image


def decoded(path: Path, size: int) -> Pixels | str:
    """Return the first frame of an image, resized (bilinear, averaging where it shrinks) to (size, size, 3), or why it cannot be read.

    Greyscale becomes RGB with equal channels; of 16 bits, 65535 is white. Palettes, CMYK and YCbCr become RGB.
    """
    image_of = pillow()
    try:
        if not path.is_file():
            return "not a file, or a link to nothing"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubtful metadata of an image that can be read
            warnings.simplefilter("error", image_of.DecompressionBombWarning)
            with image_of.open(path) as image:
                return np.asarray(_rgb(image).resize((size, size), image_of.Resampling.BILINEAR))
    except image_of.UnidentifiedImageError:
        return "empty" if not path.stat().st_size else "not an image, or of a kind that pillow does not read"
    except (image_of.DecompressionBombWarning, image_of.DecompressionBombError):
        return f"more pixels than pillow's limit of {image_of.MAX_IMAGE_PIXELS:,} (PIL.Image.MAX_IMAGE_PIXELS)"
    except Exception as e:  # on damaged bytes pillow's decoders raise errors of any type
        return f"{type(e).__name__}: {e}"


def _rgb(image: Any) -> Any:
    """Return a pillow image in mode RGB."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("floating-point pixels: expected 8 or 16 bits a channel")
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > _WHITE_16_BIT:
            raise ValueError("32-bit pixels: expected 8 or 16 bits a channel")
        image = Image.fromarray(np.rint(values * (255 / _WHITE_16_BIT)).astype(np.uint8))
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image).convert("RGB")
    return image.convert("RGB")
