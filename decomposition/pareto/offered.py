"""What a model offers as objectives of a front: its constant ``OBJECTIVES``, the arguments they need, an instance that has them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import InputError
from ...models import MODELS
from ..program import Program


@dataclass(frozen=True, slots=True)
class Offered:
    """``units`` of the objectives by name (``"money"`` stands for the instance's), ``arguments`` of the model, a default ``instance``."""

    units: Mapping[str, str]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    instance: str | None = None

    def units_of(self, program: Program) -> dict[str, str]:
        """Return the units for the program's instance."""
        source = program.kwargs.get("source")
        money = "money" if source is None else str(source.instance.units.money)
        return {name: money if unit == "money" else unit for name, unit in self.units.items()}


def offered_objectives(model: str) -> Offered:
    """Return what ``model`` offers.

    Raises
    ------
    InputError
        An unknown model, or one without objectives.
    """
    if model not in MODELS:
        raise InputError(f"unknown model {model!r}; known: {', '.join(MODELS)}")
    module = importlib.import_module(f"....models.{MODELS[model]}", __package__ + ".x")
    found = getattr(module, "OBJECTIVES", None)
    if found is None:
        raise InputError(f"model {model!r} names no objectives for a front")
    return Offered(**found)
