"""A checkpoint's folder: ``checkpoint.json``, and the arrays it names beside it; replaced as a pair, or not at all.

The arrays of a new checkpoint get a new name. Only when they are on the disk does a new ``checkpoint.json``, renamed into place, name them,
and only then the old ones are removed: whenever the process is killed, ``checkpoint.json`` and what it names are whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...files import read_json, replacing
from .snapshot import Arrays

FORMAT = "quakeops/benders-checkpoint/1"
HEADER = "checkpoint.json"


def holds_checkpoint(folder: Path) -> bool:
    """Whether there is a checkpoint in ``folder``."""
    return (folder / HEADER).exists()


def make_folder(folder: Path) -> None:
    """Create ``folder`` unless it is there.

    Raises
    ------
    InputError
        It cannot be created, or not be written to.
    """
    try:
        folder.mkdir(exist_ok=True)
    except OSError as e:
        raise InputError(f"--checkpoint {folder}: the folder cannot be created: {e.strerror or e}") from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"--checkpoint {folder}: the folder cannot be written to")


def write(folder: Path, number: int, header: dict[str, Any], arrays: Arrays) -> None:
    """Put checkpoint ``number`` in the place of the one before.

    Raises
    ------
    InputError
        A file cannot be written; the checkpoint before is still there.
    """
    name = f"arrays-{number:06d}.npz"
    with replacing(folder / name) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
        _to_disk(file)
    body = {"format": FORMAT, "arrays": name} | header
    text = json.dumps({"digest": _digest(body)} | body)
    with replacing(folder / HEADER) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        _to_disk(file)
    _to_disk_folder(folder)
    for old in (*folder.glob("arrays-*.npz"), *folder.glob(".arrays-*.npz.*.tmp"), *folder.glob(f".{HEADER}.*.tmp")):
        if old.name != name:
            with contextlib.suppress(OSError):
                old.unlink()


def read(folder: Path) -> tuple[dict[str, Any], Arrays]:
    """Return the header and the arrays of the checkpoint in ``folder``.

    Raises
    ------
    InputError
        There is none, or a file of it is missing, damaged or of another format; the message names it.
    """
    if not folder.is_dir():
        raise InputError(f"--resume {folder}: no such folder")
    path = folder / HEADER
    if not holds_checkpoint(folder):
        raise InputError(f"--resume {folder}: holds no checkpoint (no file {HEADER})")
    header = read_json(path)
    if not isinstance(header, dict) or not str(header.get("format", "")).startswith(FORMAT.rpartition("/")[0]):
        raise InputError(f"{path}: not a checkpoint of quakeops")
    if header["format"] != FORMAT:
        raise InputError(f"{path}: format {header['format']!r}; this version of quakeops reads {FORMAT!r}")
    if header.pop("digest", None) != _digest(header):
        raise InputError(f"{path}: damaged: its digest does not fit its content")
    return header, _arrays(folder / header["arrays"])


def _arrays(path: Path) -> Arrays:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file, though {HEADER} beside it names it") from None
    except (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as e:
        raise InputError(f"{path}: damaged: {e}") from None


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _to_disk_folder(folder: Path) -> None:
    """Make the renames in ``folder`` last; systems that cannot open a folder do so by themselves."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
