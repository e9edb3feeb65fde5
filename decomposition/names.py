"""Names of Pyomo components, each formatted once for all scenarios: formatting them anew takes a quarter of a scenario's compilation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Names:
    """Fully qualified names by (name of the component, index); ``of`` gives those of one model's members."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Any], str] = {}

    def of(self, members: Iterable[Any]) -> tuple[str, ...]:
        """Return the ``name`` of each variable or constraint."""
        parents: dict[int, str] = {}
        out = []
        for member in members:
            parent = member.parent_component()
            if id(parent) not in parents:
                parents[id(parent)] = parent.name
            key = parents[id(parent)], member.index()
            name = self._known.get(key)
            if name is None:
                name = self._known[key] = member.name
            out.append(name)
        return tuple(out)
