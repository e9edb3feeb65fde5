"""The error of an extra that is not installed; it stands apart from what needs the extra, so that it can be sent to other ranks."""

from __future__ import annotations

from ....errors import InputError


class MissingExtraError(ModuleNotFoundError, InputError):
    """A module of an optional extra is not installed; the message names the extra. ``name`` is the module."""
