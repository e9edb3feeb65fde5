"""torch, the extra ``vision``: imported here alone, so that a missing one gives one clear error."""

from __future__ import annotations

from .missing import MissingExtraError

try:
    import torch as torch
except ImportError as e:
    found = "is not installed" if isinstance(e, ModuleNotFoundError) and e.name == "torch" else f"cannot be imported ({e})"
    raise MissingExtraError(f"torch {found}; pip install 'quakeops[vision]'", name="torch") from None
