"""``compiled``: numba's ``njit`` where numba is installed, else the plain Python function, many times slower.

Machine code is kept on disk for the next run. Numba renews what it kept for a function when the function's own file changes, but not when
a function that it calls, or a constant, changes in another file. So here it is renewed when any file of this folder does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    import numba
except ImportError:
    numba = None

COMPILED = numba is not None
"""Whether the labelling runs compiled."""


def source_stamp() -> str:
    """Return a hash of all source files of this folder."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


STAMP = source_stamp() if COMPILED else ""


def compiled(function: Function) -> Function:
    """Return the function compiled by numba, or as it is without numba."""
    if not COMPILED:
        return function
    try:
        made = numba.njit(cache=True, error_model="numpy")(function)
        made._cache._cache_file._source_stamp = STAMP
    except (RuntimeError, AttributeError):  # no folder to write to, or another way of keeping
        made = numba.njit(error_model="numpy")(function)
    return cast(Function, made)
