"""Arrays as plain data for JSON: base64 of their compressed bytes, with type and shape."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

LEVEL = 1
"""Of zlib: higher levels make certificates little smaller and much slower."""


def pack(array: NDArray[Any]) -> dict[str, Any]:
    """Return ``{"dtype", "shape", "data"}`` of an array, little-endian."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    data = base64.b64encode(zlib.compress(little.tobytes(), LEVEL)).decode("ascii")
    return {"dtype": little.dtype.str, "shape": list(array.shape), "data": data}


def unpack(data: Any, where: str, dtype: type, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Return the array of :func:`pack`, which must be of ``shape`` (``None``: any length) and hold finite numbers.

    Raises
    ------
    InputError
        It is not; ``where`` names the field.
    """
    if not isinstance(data, Mapping) or {"dtype", "shape", "data"} - set(data):
        raise InputError(f"{where}: expected an array as dtype, shape and data")
    try:
        raw = zlib.decompress(base64.b64decode(data["data"], validate=True))
        out = np.frombuffer(raw, dtype=np.dtype(data["dtype"])).reshape([int(n) for n in data["shape"]])
    except (TypeError, ValueError, binascii.Error, zlib.error) as e:
        raise InputError(f"{where}: not a packed array ({e})") from None
    if out.ndim != len(shape) or any(want not in (None, n) for want, n in zip(shape, out.shape, strict=True)):
        expected = ", ".join("any" if n is None else str(n) for n in shape)
        raise InputError(f"{where}: an array of shape {out.shape}; expected ({expected})")
    if not np.isfinite(out).all():
        raise InputError(f"{where}: holds a number that is not finite")
    return out.astype(dtype)
