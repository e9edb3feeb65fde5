"""Regions by name or file."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, did_you_mean
from .exposure import Exposure
from .metros import metro, metro_names


def open_region(name_or_file: str | Path) -> Exposure:
    """Return a packaged region by name, or one that a region file (``*.json``) describes.

    Raises
    ------
    InputError
        Unknown name, or a file that is missing or malformed.
    """
    text = str(name_or_file)
    if text in metro_names():
        return metro(text)
    if text.endswith(".json") or Path(text).exists():
        from .region_file import read_region

        return read_region(text)
    known = ", ".join(metro_names())
    raise InputError(f"unknown region {text!r}{did_you_mean(text, metro_names())}; packaged: {known} (or give a region file, .json)")
