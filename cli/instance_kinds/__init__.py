"""How instances are told on the terminal: one entry a model, one file each."""

from __future__ import annotations

from typing import Any

from ...instances import Instance
from ...instances.loader import model_of
from .deployment import DEPLOYMENT
from .kind import Kind
from .prepositioning import PREPOSITIONING
from .responder import RESPONDER
from .retrofit import RETROFIT
from .routing import ROUTING
from .triage import TRIAGE

KINDS: dict[str, Kind[Any]] = {
    "prepositioning": PREPOSITIONING,
    "deployment": DEPLOYMENT,
    "retrofit": RETROFIT,
    "responder-smdp": RESPONDER,
    "routing": ROUTING,
    "triage": TRIAGE,
}
"""Model -> how its instances are told, in the order of the list."""

__all__ = ["KINDS", "Kind", "kind_of"]


def kind_of(instance: Instance) -> tuple[str, Kind[Any]]:
    """Return an instance's model and how it is told."""
    model = model_of(type(instance))
    return model, KINDS[model]
