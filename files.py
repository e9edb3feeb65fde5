"""Reading and writing files: one clear error, nothing half-written."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import InputError


def read_json(path: str | Path) -> Any:
    """Parse a JSON file; every failure becomes one :class:`InputError` that names the file (and line)."""
    return read_json_text(path)[0]


def read_json_text(path: str | Path) -> tuple[Any, str]:
    """Return what :func:`read_json` does, and the text it was read from."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        return json.loads(text), text
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(f"{path}: cannot be read: {e}") from None
    except json.JSONDecodeError as e:
        raise InputError(f"{path}: not valid JSON at line {e.lineno}, column {e.colno}: {e.msg} (is the file cut short?)") from None


def require_writable(out: Path | None, option: str = "--out") -> None:
    """Raise :class:`InputError` now, rather than after a long run, if ``out``, the value of ``option``, cannot be written."""
    if out is None:
        return
    if not out.parent.is_dir():
        raise InputError(f"{option} {out}: the folder {out.parent} does not exist")
    if out.is_dir():
        raise InputError(f"{option} {out}: is a folder, expected a file name")
    if not os.access(out.parent, os.W_OK):
        raise InputError(f"{option} {out}: the folder {out.parent} cannot be written to")


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path`` to write to; it is renamed to ``path`` at the end, or removed on any failure."""
    target = Path(path)
    temporary = target.parent / f".{target.name}.{os.getpid()}.tmp"
    try:
        yield temporary
        temporary.replace(target)
    except OSError as e:
        raise InputError(f"{path}: cannot be written: {e.strerror or e}") from None
    finally:
        with contextlib.suppress(OSError):  # what could not be written cannot always be unlinked either
            temporary.unlink()


def write_atomically(path: str | Path, text: str) -> None:
    """Write ``text`` to a temporary name in the same folder, then rename."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
